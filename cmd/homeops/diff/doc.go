// Package diff tells what the step from one rendering of a stack to another does: to
// each machine, to what Pulumi puts into the cluster, to what Flux applies, and to what
// is configured outside. It compares what is said and not how it is written, and knows
// no secret: renderings hold none.
package diff
