// Package cilium is a stand-in for what Cilium's operator does when it starts: as its settings say, it registers kinds of the cilium.io API
// group (https://docs.cilium.io/en/stable/internals/cilium_operator/). Addresses and gateways are in the packages beside it.
//
// What the operator does for identities, endpoints and nodes is not played: nothing in a rehearsal reads it.
package cilium
