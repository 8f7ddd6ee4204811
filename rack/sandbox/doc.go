// Package sandbox seals a rehearsal: a network of its own, a view of the file system of its own, and processes that
// cannot outlive it.
//
// The launcher calls [Seal], which starts a program in fresh user, network, mount and process namespaces. Inside, that
// program calls [Furnish] to give the room its addresses and names. Nothing inside can reach a real network, and when
// the program ends, however it ends, the kernel ends every process it started.
package sandbox
