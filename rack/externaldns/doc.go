// Package externaldns plays external-dns for routes of the Gateway API: the names of routes that a Gateway has accepted
// become records, and beside each a TXT record says whose it is. Records of others are left alone
// (https://kubernetes-sigs.github.io/external-dns/).
//
// It reads the arguments of the very container that would run it, so that a filter that is wrong there is wrong here. An
// argument, source or provider that it does not know is an error that says so: then it does nothing at all, as a pod that
// does not start.
package externaldns
