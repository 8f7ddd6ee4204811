// Package plan says what a component puts into the cluster, as data: every object,
// every Helm release, where each secret goes, and what waits for what. A component
// writes its plan once; the Pulumi constructor, `homeops render`, `homeops diff`, the
// check of owners between Pulumi and Flux, the rack's registries and the goldens read
// it.
//
// A plan is pure. What only a running cluster or an account knows stands in it by a
// name ([From.Value]), so that a plan holds no secret and can be shown to anyone.
package plan
