package gitops_test

import (
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// pin is a version that somebody has to raise one day.
type pin struct {
	file, manager, datasource, name string
}

// packageRule is as much of a rule of renovate.json5 as decides who merges.
type packageRule struct {
	MatchPackageNames []string `yaml:"matchPackageNames"`
	MatchDatasources  []string `yaml:"matchDatasources"`
	MatchManagers     []string `yaml:"matchManagers"`
	MatchUpdateTypes  []string `yaml:"matchUpdateTypes"`
	MatchFileNames    []string `yaml:"matchFileNames"`
	Automerge         *bool    `yaml:"automerge"`
}

// matches reads a rule as Renovate does: every condition that it has must hold, and one of each condition's values.
func (r packageRule) matches(p pin, update string) bool {
	one := func(values []string, value string) bool {
		return len(values) == 0 || slices.ContainsFunc(values, func(pattern string) bool { return globbed(pattern, value) })
	}
	return one(r.MatchPackageNames, p.name) && one(r.MatchDatasources, p.datasource) && one(r.MatchManagers, p.manager) &&
		one(r.MatchUpdateTypes, update) && one(r.MatchFileNames, p.file)
}

func globbed(pattern, value string) bool {
	if prefix, rest := strings.CutSuffix(pattern, "**"); rest {
		return strings.HasPrefix(value, prefix)
	}
	matched, err := path.Match(pattern, value)
	return err == nil && matched
}

// automerged is what the last rule says that speaks of it.
func automerged(rules []packageRule, p pin, update string) bool {
	merged := false
	for _, rule := range rules {
		if rule.Automerge != nil && rule.matches(p, update) {
			merged = *rule.Automerge
		}
	}
	return merged
}

var (
	commented = regexp.MustCompile(`(?:#|//) renovate: datasource=(\S+) depName=(\S+)`)
	used      = regexp.MustCompile(`(?m)^\s*(?:- )?uses: ([\w.-]+/[\w./-]+)@`)
	ociURL    = regexp.MustCompile(`(?m)^\s*url: oci://(\S+)`)
	ociTag    = regexp.MustCompile(`(?m)^\s*tag: "?v?\d`)
	// A requirement of go.mod with nothing behind its version: those that other modules ask for bear a comment.
	required = regexp.MustCompile(`(?m)^(?:require)?\s+(\S+) v[0-9]\S*$`)
	image    = regexp.MustCompile(`(?m)^\s*(?:- )?image: ([\w./-]+):v?\d`)
)

// pinsOf finds the pins of a file without Renovate's help, so that one that it does not see is counted too.
func pinsOf(file, text string) []pin {
	var pins []pin
	add := func(manager, datasource, name string) { pins = append(pins, pin{file, manager, datasource, name}) }
	switch {
	case path.Base(file) == "go.mod":
		for _, m := range required.FindAllStringSubmatch(text, -1) {
			if !strings.HasPrefix(m[1], "github.com/home-ops/home-ops") {
				add("gomod", "go", m[1])
			}
		}
		return pins
	case strings.HasPrefix(file, ".github/"):
		for _, m := range used.FindAllStringSubmatch(text, -1) {
			add("github-actions", "github-tags", m[1])
		}
	}
	for _, m := range commented.FindAllStringSubmatch(text, -1) {
		add("custom.regex", m[1], m[2])
	}
	if !strings.HasPrefix(file, "kubernetes/") {
		return pins
	}
	if m := ociURL.FindStringSubmatch(text); m != nil && ociTag.MatchString(text) {
		add("flux", "docker", m[1])
	}
	for _, m := range image.FindAllStringSubmatch(text, -1) {
		add("kubernetes", "docker", m[1])
	}
	return pins
}

func allPins(t *testing.T) []pin {
	t.Helper()
	list := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard")
	list.Dir = repository
	files, err := list.Output()
	if err != nil {
		t.Skip("no Git here: ", err)
	}
	var pins []pin
	for _, file := range strings.Fields(string(files)) {
		other := strings.Contains(file, "testdata/") || strings.HasSuffix(file, ".tmpl") || strings.HasPrefix(file, "internal/gitops/")
		if ext := path.Ext(file); !other && (file == "Makefile" || slices.Contains([]string{".yaml", ".yml", ".go", ".mod"}, ext)) {
			pins = append(pins, pinsOf(file, string(readFile(t, repository+"/"+file)))...)
		}
	}
	return pins
}

// Nine of ten pins are raised without a person: their patch releases merge when the checks are green. The others roll
// machines, the network or the storage.
func TestRenovate_MergesNineOfTenPinsByItself(t *testing.T) {
	var config struct {
		PackageRules []packageRule `yaml:"packageRules"`
	}
	if err := yaml.Unmarshal(json5(readFile(t, repository+"/renovate.json5")), &config); err != nil {
		t.Fatal(err)
	}
	pins := allPins(t)
	byPerson := map[string]int{}
	for _, p := range pins {
		if !automerged(config.PackageRules, p, "patch") {
			byPerson[p.name]++
		}
		if automerged(config.PackageRules, p, "major") {
			t.Errorf("%s: a new major of %s merges by itself", p.file, p.name)
		}
	}
	count := 0
	for _, n := range byPerson {
		count += n
	}
	t.Logf("%d pins, %d of them by a person: %v", len(pins), count, byPerson)
	if len(pins) < 100 || count*10 > len(pins) {
		t.Errorf("%d of %d pins wait for a person", count, len(pins))
	}
	for _, name := range []string{"siderolabs/talos", "ghcr.io/siderolabs/kubelet", "quay.io/cilium/charts/cilium", "quay.io/ceph/ceph", "longhorn"} {
		if byPerson[name] == 0 {
			t.Errorf("%s merges by itself, or is pinned nowhere", name)
		}
	}
}
