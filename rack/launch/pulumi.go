package launch

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/semver"
)

// minimumPulumi is the oldest engine that can adopt a resource and go on to update it in one run, which a bootstrap
// that was interrupted relies on. It is the version that the rack builds when there is none.
const minimumPulumi = "v3.250.0"

// findPulumi returns the pulumi on PATH when it is new enough, and else an empty string with the reason.
func findPulumi(ctx context.Context) (path, reason string) {
	path, err := exec.LookPath("pulumi")
	if err != nil {
		return "", "no pulumi on PATH"
	}
	out, err := exec.CommandContext(ctx, path, "version").Output()
	version := strings.TrimSpace(string(out))
	if err != nil || !semver.IsValid(version) {
		return "", path + " does not say its version"
	}
	if semver.Compare(version, minimumPulumi) < 0 {
		return "", path + " is " + version + ", older than " + minimumPulumi
	}
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	return path, ""
}
