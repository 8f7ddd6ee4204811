package spec_test

import (
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/spec"
)

// november2026 is a set that its makers' tables agree on.
var november2026 = spec.VersionSet{
	spec.Talos: "v1.14.1", spec.Kubernetes: "v1.36.4", spec.CiliumChart: "1.20.2", spec.GatewayAPIKinds: "v1.6.1",
	spec.FluxDistribution: "v2.9.4", spec.RookChart: "v1.20.3", spec.CephImage: "v19.2.3", spec.SnapshotController: "5.2.0",
	spec.LonghornChart: "1.12.1", spec.CertManagerChart: "v1.21.2", spec.ExternalSecrets: "2.9.0",
}

func stackSet(t *testing.T, name string) spec.VersionSet {
	t.Helper()
	stack, problems := spec.LoadFile("spectest/testdata/Pulumi." + name + ".yaml")
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return stack.VersionSet()
}

func TestVersionPath_GoesTheGoldenWay(t *testing.T) {
	for _, name := range []string{"home", "lab"} {
		t.Run(name, func(t *testing.T) {
			steps, err := spec.VersionPath(stackSet(t, name), november2026)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, step := range steps {
				got.WriteString(step.String() + "\n")
			}
			golden.Check(t, "paths/"+name+"-to-november-2026.txt", []byte(got.String()))
		})
	}
}

// Each set on a way is judged by what a stack file with these releases is judged by.
func TestVersionPath_StopsOnlyWhereEveryTableAllows(t *testing.T) {
	at := stackSet(t, "lab")
	steps, err := spec.VersionPath(at, november2026)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		stack, problems := spec.LoadFile("spectest/testdata/Pulumi.lab.yaml")
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		for _, change := range step.Changes {
			at[change.Component] = change.To
		}
		stack.Cluster.TalosVersion, stack.Cluster.KubernetesVersion = at[spec.Talos], at[spec.Kubernetes]
		v := &stack.Versions
		v.Cilium, v.GatewayAPI, v.Flux = at[spec.CiliumChart], at[spec.GatewayAPIKinds], at[spec.FluxDistribution]
		v.CertManager, v.ExternalSecrets = at[spec.CertManagerChart], at[spec.ExternalSecrets]
		v.Longhorn, v.SnapshotController = at[spec.LonghornChart], at[spec.SnapshotController]
		for _, p := range stack.Validate() {
			if strings.HasPrefix(p.Path, "versions.") || strings.HasSuffix(p.Path, "Version") {
				t.Errorf("after %s: %s", step, p)
			}
		}
	}
}

func TestVersionPath_RefusesWithEveryReason(t *testing.T) {
	base := func(change func(spec.VersionSet)) spec.VersionSet {
		set := spec.VersionSet{
			spec.Talos: "v1.14.1", spec.Kubernetes: "v1.35.4", spec.CiliumChart: "1.20.2", spec.GatewayAPIKinds: "v1.6.1",
		}
		change(set)
		return set
	}
	for _, test := range []struct {
		name string
		to   spec.VersionSet
		want string
	}{
		{
			"releases that would be set back", base(func(s spec.VersionSet) { s[spec.Talos], s[spec.Kubernetes] = "v1.13.9", "v1.34.1" }),
			"cluster.talosVersion: v1.13.9 is older than v1.14.1, and no release of Talos is set back\n" +
				"cluster.kubernetesVersion: v1.34.1 is older than v1.35.4, and no release of Kubernetes is set back",
		},
		{
			"a Kubernetes that the network was not tested with", base(func(s spec.VersionSet) { s[spec.Kubernetes] = "v1.37.1" }),
			"no order of steps leads there; what is refused at the furthest point:\n" +
				"Kubernetes v1.36.4 to v1.37.1: Cilium 1.20.2 supports Kubernetes v1.33 to v1.36 " +
				"(https://github.com/cilium/cilium/blob/v1.20.2/Documentation/network/kubernetes/compatibility.rst)",
		},
		{
			"a gap between the known releases", base(func(s spec.VersionSet) { s[spec.CiliumChart] = "1.22.0" }),
			"no order of steps leads there; what is refused at the furthest point:\n" +
				"Cilium 1.20.2 to 1.22.0: Cilium runs every minor release on the way, and none between 1.20.2 and 1.22.0 is known",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			steps, err := spec.VersionPath(base(func(spec.VersionSet) {}), test.to)
			if err == nil || err.Error() != test.want {
				t.Errorf("%v %v\nwant\n%s", steps, err, test.want)
			}
		})
	}
}
