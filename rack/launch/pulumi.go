package launch

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/home-ops/home-ops/rack/build"
)

const (
	pulumiModule = "github.com/pulumi/pulumi/pkg/v3"
	// pulumiVersion is the variable that a release build stamps.
	pulumiVersion = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
)

// pulumiPart finds the pulumi on PATH. Where there is none, or one that is older than the version that the rack's
// go.mod pins and rehearsals are known to work with, it returns the part to build instead.
func pulumiPart(ctx context.Context, rack, output string) (found string, part build.Part, err error) {
	pinned, err := moduleVersion(ctx, rack, pulumiModule)
	if err != nil {
		return "", build.Part{}, err
	}
	found, reason := findPulumi(ctx, pinned)
	return found, build.Part{
		Name: "pulumi " + pinned, Module: rack, Package: pulumiModule + "/cmd/pulumi", Output: output,
		LDFlags: "-X " + pulumiVersion + "=" + pinned, Note: reason + "; the first time takes minutes",
	}, nil
}

// findPulumi returns the pulumi on PATH when it is new enough, and else an empty string with the reason.
func findPulumi(ctx context.Context, oldest string) (path, reason string) {
	path, err := exec.LookPath("pulumi")
	if err != nil {
		return "", "no pulumi on PATH"
	}
	out, err := exec.CommandContext(ctx, path, "version").Output()
	version := strings.TrimSpace(string(out))
	if err != nil || !semver.IsValid(version) {
		return "", path + " does not say its version"
	}
	if semver.Compare(version, oldest) < 0 {
		return "", path + " is " + version + ", older than " + oldest
	}
	if absolute, err := filepath.Abs(path); err == nil {
		path = absolute
	}
	return path, ""
}

// moduleVersion is the version of a module that the rack's go.mod pins.
func moduleVersion(ctx context.Context, rack, module string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Version}}", module)
	cmd.Dir = rack
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("reading the version of %s in %s: %w", module, rack, err)
	}
	return strings.TrimSpace(string(out)), nil
}
