// Package edge is EdgeAccess: how requests from the home network and from the internet
// reach what runs in the cluster, and how far each gets. It makes the gateways and their
// certificate, publishes DNS names at home and on the internet, and runs the Cloudflare
// Tunnel that leads the internet to the external gateway.
//
// [Plan] is what of it is in the cluster. What is at Cloudflare is made beside it.
package edge
