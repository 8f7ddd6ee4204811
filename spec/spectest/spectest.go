// Package spectest reads stack files in tests.
//
// Tests rest on stack files of their own. Those at the top of the repository are its
// owner's, to be edited or deleted.
package spectest

import (
	"embed"
	"os"
	"path/filepath"
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

// Home is a stack with a virtual IP, layer 2 announcements, Ceph, a Cloudflare Tunnel
// and 1Password Connect in the cluster.
func Home(t testing.TB) *spec.Stack {
	t.Helper()
	return Load(t, HomeFile(t))
}

// Lab is a stack of control planes alone, with both address families, BGP, Longhorn and
// a Connect elsewhere.
func Lab(t testing.TB) *spec.Stack {
	t.Helper()
	return Load(t, LabFile(t))
}

// HomeFile is the stack file behind [Home].
func HomeFile(t testing.TB) string { return file(t, "Pulumi.home.yaml") }

// LabFile is the stack file behind [Lab].
func LabFile(t testing.TB) string { return file(t, "Pulumi.lab.yaml") }

//go:embed testdata/*.yaml
var files embed.FS

// file is a copy of a file of this package, wherever the test runs.
func file(t testing.TB, name string) string {
	t.Helper()
	content, err := files.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
