// Package talos makes a Kubernetes cluster out of machines that run Talos Linux.
// [New] wires what machineconfig builds to the resources that send it to the
// machines.
package talos
