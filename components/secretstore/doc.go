// Package secretstore makes a 1Password vault readable in the cluster: Connect, which
// holds an encrypted copy of the vault, and External Secrets, which turns its items
// into Kubernetes Secrets. Where the stack says so, it also keeps the keys of the
// cluster in an item of a vault, for the day on which nothing else is left.
//
// SOPS, the other way to keep secrets, needs nothing but a key, which FluxBootstrap
// puts beside Flux. docs/secrets.md says where each secret lives and how it is changed.
package secretstore
