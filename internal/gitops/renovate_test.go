package gitops_test

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// Renovate's own validator knows whether the file is sound; that its expressions find what
// they are for, only this repository knows.
func TestRenovate_FindsEveryVersionUnderAComment(t *testing.T) {
	var config struct {
		CustomManagers []struct {
			ManagerFilePatterns []string `yaml:"managerFilePatterns"`
			MatchStrings        []string `yaml:"matchStrings"`
		} `yaml:"customManagers"`
	}
	if err := yaml.Unmarshal(json5(readFile(t, repository+"/renovate.json5")), &config); err != nil {
		t.Fatal(err)
	}
	list := exec.Command("git", "grep", "--untracked", "-lE", "(#|//) renovate: .*depName=")
	list.Dir = repository
	files, err := list.Output()
	if err != nil {
		t.Skip("no Git here: ", err)
	}
	comment := regexp.MustCompile(`(?m)^\s*(#|//) renovate: .*depName=.*$`)
	found := 0
	for _, file := range strings.Fields(string(files)) {
		// Of a template, and of what a test expects, no version is the repository's.
		if strings.HasSuffix(file, ".tmpl") || strings.Contains(file, "testdata/") || strings.HasPrefix(file, "internal/gitops/") || file == "renovate.json5" {
			continue
		}
		text := readFile(t, repository+"/"+file)
		var places []int
		for _, manager := range config.CustomManagers {
			if !slices.ContainsFunc(manager.ManagerFilePatterns, func(p string) bool {
				return regexp.MustCompile(strings.Trim(p, "/")).MatchString(file)
			}) {
				continue
			}
			for _, expression := range manager.MatchStrings {
				for _, at := range regexp.MustCompile(expression).FindAllIndex(text, -1) {
					places = append(places, at[0])
				}
			}
		}
		for _, at := range comment.FindAllSubmatchIndex(text, -1) {
			found++
			if !slices.Contains(places, at[2]) {
				t.Errorf("%s: no custom manager of renovate.json5 understands %q with the line below it",
					file, strings.TrimSpace(string(text[at[0]:at[1]])))
			}
		}
	}
	if found == 0 {
		t.Error("no comment was found at all")
	}
}

// json5 is a JSON5 file as YAML, which is the same but for its comments.
func json5(text []byte) []byte {
	text = regexp.MustCompile(`(?m)^\s*//.*$`).ReplaceAll(text, nil)
	// In single quotes YAML leaves backslashes alone.
	return []byte(strings.ReplaceAll(string(text), `\\`, `\`))
}
