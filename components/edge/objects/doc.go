// Package objects builds the Kubernetes objects of the edge: gateways, issuers and
// certificates, the tunnel's connector, and what each of them may talk to. It knows
// nothing of Pulumi.
package objects
