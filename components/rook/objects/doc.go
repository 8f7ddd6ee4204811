// Package objects makes what Rook is told once it runs, from the stack file alone:
// the Ceph cluster, its pools, and the classes that offer them.
//
// They are objects of our own and not the values of Rook's second chart, so that
// a preview shows each of them, and each can be protected: a release is one
// resource, and a changed value in it could take a pool along.
package objects
