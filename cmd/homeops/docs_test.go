package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// guides are the pages whose commands a newcomer types.
var guides = []string{"README.md", "CONTRIBUTING.md", "docs/first-hour.md", "docs/first-stack.md"}

var (
	shellBlock = regexp.MustCompile("(?ms)^```(sh|sh run|)\n(.*?)^```$")
	makeWord   = regexp.MustCompile(`(?m)(?:^|\x60)make ([a-z][a-z0-9-]*)`)
	homeopsRun = regexp.MustCompile(`(?m)(?:^|\x60)(?:go run \./cmd/)?homeops ([a-z]+)`)
	target     = regexp.MustCompile(`(?m)^([a-z0-9-]+):.*?## `)
)

// A page that names a command which is not there is worse than none.
func TestGuides_NameCommandsThatExist(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	targets := map[string]bool{}
	for _, m := range target.FindAllStringSubmatch(string(makefile), -1) {
		targets[m[1]] = true
	}
	for _, guide := range guides {
		text, err := os.ReadFile(filepath.Join("..", "..", guide))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range makeWord.FindAllStringSubmatch(string(text), -1) {
			if !targets[m[1]] {
				t.Errorf("%s: there is no `make %s`", guide, m[1])
			}
		}
		for _, m := range homeopsRun.FindAllStringSubmatch(string(text), -1) {
			if _, err := lookup(m[1]); err != nil {
				t.Errorf("%s: %v", guide, err)
			}
		}
	}
}

// Blocks that are marked "sh run" need no cluster: they are run as they stand.
func TestGuides_CommandsWithoutAClusterWork(t *testing.T) {
	text, err := os.ReadFile("../../docs/first-hour.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := treeProject(t)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	ran := 0
	for _, block := range shellBlock.FindAllStringSubmatch(string(text), -1) {
		if block[1] != "sh run" {
			continue
		}
		for line := range strings.Lines(block[2]) {
			words := strings.Fields(line)
			if len(words) < 4 || strings.Join(words[:3], " ") != "go run ./cmd/homeops" {
				t.Fatalf("%q is no command of homeops", line)
			}
			if got := homeops(t, "", words[3:]...); got.code != exitOK {
				t.Errorf("%s: %+v", line, got)
			}
			ran++
		}
	}
	if ran == 0 {
		t.Error("no block was run")
	}
}

var link = regexp.MustCompile(`\]\(([^)#\s]+)(?:#[^)]*)?\)`)

func TestGuides_LinkToFilesThatExist(t *testing.T) {
	for _, guide := range guides {
		path := filepath.Join("..", "..", guide)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), m[1])); err != nil {
				t.Errorf("%s: %v", guide, err)
			}
		}
	}
}
