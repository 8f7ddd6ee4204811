// Package golden compares what a builder makes with a file in testdata; -update rewrites the file.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/home-ops/home-ops/internal/documents"
	"github.com/home-ops/home-ops/internal/plan"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

// Updating reports whether the test was run with -update, for goldens that are written
// by the test itself.
func Updating() bool { return *update }

// Check compares got with testdata/NAME.
func Check(t *testing.T, name string, got []byte) {
	t.Helper()
	File(t, filepath.Join("testdata", name), got)
}

// File compares got with the file at a path.
func File(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run the test with -update", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); run the test with -update if that is right:\n%s", path, diff)
	}
}

// Documents compares bodies, by the JSON names of their fields, with the documents of testdata/NAME.
func Documents(t *testing.T, name string, bodies ...any) {
	t.Helper()
	got, err := documents.YAML(bodies...)
	if err != nil {
		t.Fatal(err)
	}
	Check(t, name, got)
}

// Objects compares objects, as the API server is sent them, with the documents of testdata/NAME.
func Objects(t *testing.T, name string, objects ...any) {
	t.Helper()
	got, err := documents.Objects(objects...)
	if err != nil {
		t.Fatal(err)
	}
	Check(t, name, got)
}

// Plan compares a plan, a document for each step, with testdata/NAME.
func Plan(t *testing.T, name string, steps plan.Steps) {
	t.Helper()
	got, err := steps.YAML()
	if err != nil {
		t.Fatal(err)
	}
	Check(t, name, got)
}
