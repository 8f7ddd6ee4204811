package spec

import "slices"

// Merge joins the findings of several runs into one list in the usual order, each finding once.
func Merge(parts ...Problems) Problems { return Problems(slices.Concat(parts...)).sorted() }
