package main

import (
	"path/filepath"
	"testing"
)

// What render refuses it refuses in the words of validate, for every fault that there is a fixture of.
func TestRender_RefusesInTheWordsOfValidate(t *testing.T) {
	files, err := filepath.Glob("../../spec/testdata/invalid/*.yaml")
	if err != nil || len(files) < 700 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	for i, file := range files {
		if files[i], err = filepath.Abs(file); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(t.TempDir())
	for _, file := range files {
		said := homeops(t, "", "validate", file)
		got := homeops(t, "", "render", "-out", t.TempDir(), file)
		if got.out != said.out || got.code != said.code || said.code != exitProblem {
			t.Errorf("%s:\nvalidate, %d: %s\nrender, %d: %s", filepath.Base(file), said.code, said.out, got.code, got.out)
		}
	}
}
