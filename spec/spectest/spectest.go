// Package spectest reads stack files in tests.
package spectest

import (
	"testing"

	"github.com/home-ops/home-ops/spec"
)

// Load reads a stack file that must be sound.
func Load(t testing.TB, path string) *spec.Stack {
	t.Helper()
	stack, problems := spec.LoadFile(path)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return stack
}
