// Package specdoc turns the Go types of package spec and their doc comments into what people and editors
// read: the JSON Schema of a stack file and its reference manual. Both are made from one [Model], so that
// they cannot disagree with the loader or with each other.
//
// It reads spec's source, so it runs in a checkout, when code is generated; the program never imports it.
package specdoc

//go:generate go run github.com/home-ops/home-ops/cmd/homeops schema
//go:generate go run github.com/home-ops/home-ops/cmd/homeops docs
