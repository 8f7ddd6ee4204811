// Package machineconfig turns a stack file into the machine configurations of its
// nodes. It is pure: it contacts nobody, knows nothing of Pulumi, and gives the
// same bytes for the same input.
package machineconfig
