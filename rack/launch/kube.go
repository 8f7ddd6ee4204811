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
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes")
	cmd.Dir = rack
	out, err := cmd.Output()
	if err != nil {
		return build.Part{}, fmt.Errorf("reading the version of k8s.io/kubernetes in %s: %w", rack, err)
	}
	version := strings.TrimSpace(string(out))
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
