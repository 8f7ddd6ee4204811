package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/runbook"
)

// guides are the pages whose commands people type: all but the decisions, which speak of their time.
func guides(t *testing.T) []string {
	t.Helper()
	out := []string{"README.md", "CONTRIBUTING.md"}
	for _, pattern := range []string{"docs/*.md", "docs/runbooks/*.md", "docs/runbooks/alerts/*.md"} {
		found, err := filepath.Glob(filepath.Join("..", "..", pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d pages, %v", pattern, len(found), err)
		}
		for _, page := range found {
			out = append(out, strings.TrimPrefix(filepath.ToSlash(page), "../../"))
		}
	}
	return out
}

var (
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
	for _, guide := range guides(t) {
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

// Blocks that are marked "sh run" need no cluster: they are run as they stand, each page in a project of its own.
func TestGuides_CommandsWithoutAClusterWork(t *testing.T) {
	pages := os.DirFS("../..")
	for _, page := range []string{"docs/first-hour.md", "docs/first-stack.md"} {
		commands, err := runbook.Page(pages, page)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(page, func(t *testing.T) {
			dir := treeProject(t)
			t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
			ran := 0
			for _, c := range commands {
				if !c.Alone {
					continue
				}
				words, err := c.Words(nil)
				if err != nil || len(words) < 4 || strings.Join(words[:3], " ") != "go run ./cmd/homeops" {
					t.Fatalf("%s is no command of homeops, %v", c, err)
				}
				if got := homeops(t, "", words[3:]...); got.code != exitOK {
					t.Errorf("%s: %+v", c, got)
				}
				ran++
			}
			if ran == 0 {
				t.Error("no block was run")
			}
		})
	}
}
