//go:build clients

package main

// controlPlane is empty where the control planes run another release of Kubernetes, out of a program of its own: the
// two in one rehearsal would take minutes to compile for nothing.
func controlPlane() map[string]func() { return nil }
