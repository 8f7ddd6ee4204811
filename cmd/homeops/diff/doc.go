// Package diff reports what changes between two renderings of a stack: in each machine
// config, in what Pulumi puts into the cluster, in what Flux applies, and in what is
// configured outside. It compares values and not their formatting. Renderings hold no
// secrets, so neither does a report.
package diff
