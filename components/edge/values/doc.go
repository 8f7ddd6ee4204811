// Package values builds the values of the charts that the edge installs: what every
// stack gives them is in the YAML files, what a stack decides in the Go files.
package values
