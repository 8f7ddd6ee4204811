// Package values works out the values of the Rook operator's chart from the stack
// file alone.
package values
