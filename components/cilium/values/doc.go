// Package values works out the values of Cilium's chart from the stack file alone.
package values
