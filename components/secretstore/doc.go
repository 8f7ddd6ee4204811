// Package secretstore makes a 1Password vault readable in the cluster: Connect,
// which holds an encrypted copy of the vault, and External Secrets, which turns
// its items into Kubernetes Secrets. It also keeps what opens the cluster when all
// else is lost in an item of the vault, where the stack says so.
//
// The other store, SOPS, needs nothing but a key, which FluxBootstrap puts beside
// Flux. docs/secrets.md tells where each secret lives and how it is changed.
package secretstore
