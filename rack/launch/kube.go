package launch

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/home-ops/home-ops/rack/build"
)

// kubePart builds Kubernetes out of its module. A release build stamps its version in at link time, and clients and
// servers judge each other by it; the module's own version is what we stamp.
func kubePart(ctx context.Context, rack, output string) (build.Part, error) {
	version, err := moduleVersion(ctx, rack, "k8s.io/kubernetes")
	if err != nil {
		return build.Part{}, err
	}
	return build.Part{
		Name: "kubernetes " + version, Module: rack, Package: "./cmd/rack-kube", Output: output,
		LDFlags: kubeLDFlags(version), Note: "the first time takes minutes",
	}, nil
}

func kubeLDFlags(version string) string {
	major, rest, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	minor, _, _ := strings.Cut(rest, ".")
	var flags []string
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		flags = append(flags,
			"-X "+pkg+".gitVersion="+version,
			"-X "+pkg+".gitMajor="+major,
			"-X "+pkg+".gitMinor="+minor,
		)
	}
	return strings.Join(flags, " ")
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
