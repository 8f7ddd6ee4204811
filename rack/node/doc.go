// Package node simulates machines that run Talos Linux.
//
// One [Node] is one machine: it serves the real Talos API over gRPC and TLS on its own addresses, waits in
// maintenance mode until a config is applied, installs, boots, reboots, upgrades and resets, and keeps on disk
// what a machine keeps over a power cut. Configs are parsed and validated by Talos's own machinery against the
// simulated hardware, so a config that a real machine would refuse is refused here, in the same words.
//
// What a configured machine runs besides Talos (etcd, the control plane, the kubelet) is behind [Kubernetes].
//
// An API method that is not simulated answers Unimplemented and says so; none pretends to have succeeded.
package node
