package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// toType is a command of this program as a person can type it where this one was typed.
func toType(words ...string) string {
	exe, err := os.Executable()
	if err != nil {
		exe = ""
	}
	return strings.Join(append([]string{callOf(exe)}, words...), " ")
}

// callOf is how the program in that file is called from the working directory: by its name where PATH leads to it, by its
// file where the project has built it, else by way of Go, which needs nothing but the project.
func callOf(exe string) string {
	const name = "homeops"
	if found, err := exec.LookPath(name); err == nil && sameFile(found, exe) {
		return name
	}
	dir, err := projectDir()
	if err != nil {
		return name
	}
	if abs, err := filepath.Abs(dir); err == nil {
		below, err := filepath.Rel(abs, exe)
		if err == nil && filepath.IsLocal(below) && filepath.Base(below) == name {
			return filepath.Join(dir, below)
		}
	}
	if source := filepath.Join(dir, "cmd", name); isDir(source) {
		if filepath.IsLocal(source) {
			source = "./" + source
		}
		return "go run " + source
	}
	return name
}

func sameFile(a, b string) bool {
	one, errOne := os.Stat(a)
	other, errOther := os.Stat(b)
	return errOne == nil && errOther == nil && os.SameFile(one, other)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
