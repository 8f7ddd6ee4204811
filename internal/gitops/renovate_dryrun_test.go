package gitops_test

import (
	"encoding/json"
	"flag"
	"os"
	"slices"
	"testing"
)

var dryRun = flag.String("renovate", "", "the report of Renovate's dry run, see `make renovate`")

// TestRenovate_ItsDryRunFindsEveryPin holds what Renovate itself extracts against what is pinned. Without its report, which
// takes Node.js and a minute, the tests beside this one judge renovate.json5 by their own reading.
func TestRenovate_ItsDryRunFindsEveryPin(t *testing.T) {
	if *dryRun == "" {
		t.Skip("make renovate has the report")
	}
	content, err := os.ReadFile(*dryRun)
	if err != nil {
		t.Fatal(err)
	}
	found, err := extracted(content)
	if err != nil {
		t.Fatal(err)
	}
	pins := allPins(t)
	for _, missing := range unfound(pins, found) {
		t.Errorf("%s: Renovate does not find %s (%s)", missing.file, missing.name, missing.manager)
	}
	t.Logf("Renovate finds %d versions, those of indirect requirements included; %d pins are ours", len(found), len(pins))
}

// extracted are the versions in a report of Renovate's that it can look up.
func extracted(report []byte) ([]pin, error) {
	var read struct {
		Repositories map[string]struct {
			PackageFiles map[string][]struct {
				PackageFile string
				Deps        []struct{ DepName, PackageName, CurrentValue, Datasource, SkipReason string }
			}
		}
	}
	if err := json.Unmarshal(report, &read); err != nil {
		return nil, err
	}
	var found []pin
	for _, repository := range read.Repositories {
		for manager, files := range repository.PackageFiles {
			for _, file := range files {
				for _, d := range file.Deps {
					// A token is what the service has, and a dry run has not.
					if d.SkipReason == "" || d.SkipReason == "github-token-required" {
						found = append(found, pin{file.PackageFile, manager, d.Datasource, d.DepName})
					}
				}
			}
		}
	}
	return found, nil
}

// unfound are the pins that are not among those that were found in the same file, however Renovate came by them.
func unfound(pins, found []pin) []pin {
	var missing []pin
	for _, p := range pins {
		if !slices.ContainsFunc(found, func(f pin) bool { return f.file == p.file && f.name == p.name }) {
			missing = append(missing, p)
		}
	}
	return missing
}

func TestExtracted_LeavesOutWhatRenovateSkips(t *testing.T) {
	found, err := extracted([]byte(`{"repositories": {"local": {"packageFiles": {"flux": [{"packageFile": "kubernetes/a.yaml", "deps": [
		{"depName": "ghcr.io/x/a", "datasource": "docker", "currentValue": "1.0.0"},
		{"depName": "ghcr.io/x/b", "datasource": "docker", "skipReason": "contains-variable"},
		{"depName": "fluxcd/flux2", "datasource": "github-releases", "skipReason": "github-token-required"}]}]}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	pins := []pin{
		{"kubernetes/a.yaml", "flux", "docker", "ghcr.io/x/a"},
		{"kubernetes/a.yaml", "flux", "docker", "ghcr.io/x/b"},
		{"kubernetes/a.yaml", "custom.regex", "github-releases", "fluxcd/flux2"},
		{"kubernetes/b.yaml", "flux", "docker", "ghcr.io/x/a"},
	}
	if got := unfound(pins, found); !slices.Equal(got, []pin{pins[1], pins[3]}) {
		t.Errorf("got %v", got)
	}
}
