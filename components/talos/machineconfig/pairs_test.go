package machineconfig_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/compatibility"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/gendata"

	"github.com/home-ops/home-ops/components/talos/machineconfig"
	"github.com/home-ops/home-ops/spec"
)

var (
	talosReleases      = []spec.Version{"v1.11.1", "v1.12.0", "v1.13.9", "v1.14.1"}
	kubernetesReleases = []spec.Version{
		"v1.28.1", "v1.29.1", "v1.30.1", "v1.31.1", "v1.32.1", "v1.33.1", "v1.34.1", "v1.35.1", "v1.36.1", "v1.37.1", "v1.38.1",
	}
)

// refusesVersions reports whether validation has an error about the versions of Talos and Kubernetes.
func refusesVersions(stack *spec.Stack) bool {
	for _, p := range stack.Validate().Errors() {
		if strings.HasPrefix(p.Path, "cluster.") {
			return true
		}
	}
	return false
}

// What validation accepts, Build makes configurations of, and the reverse: for every pair of releases, every contract
// that the release knows, and a node of each role in the fixtures. A contract older than its release has no say in
// which Kubernetes goes with that; it is built with one.
func TestBuild_TakesThePairsOfReleasesThatValidationTakes(t *testing.T) {
	pairs := 0
	for _, file := range stackFiles(t) {
		stack := loadStack(t, file)
		for i, talos := range talosReleases {
			for _, contract := range talosReleases[:i+1] {
				for _, kubernetes := range kubernetesReleases {
					if contract != talos && kubernetes != "v1.33.1" {
						continue
					}
					stack.Cluster.TalosVersion, stack.Cluster.KubernetesVersion = talos, kubernetes
					stack.Cluster.TalosContract = spec.Version(contract.Minor())
					refused := refusesVersions(stack)
					for _, node := range oneOfEachRole(stack) {
						pairs++
						raw, err := machineconfig.Build(stack, node, machineconfig.Placeholder(stack))
						if (err != nil) != refused {
							t.Fatalf("%s: Talos %s, contract %s, Kubernetes %s: validation refuses: %t, Build: %v",
								filepath.Base(file), talos, contract, kubernetes, refused, err)
						}
						if err == nil {
							checkVersionsOf(t, raw, talos, kubernetes)
						}
					}
				}
			}
		}
	}
	t.Logf("%d configurations", pairs)
}

func oneOfEachRole(stack *spec.Stack) []spec.Node {
	var nodes []spec.Node
	for _, node := range stack.Nodes {
		if !slices.ContainsFunc(nodes, func(n spec.Node) bool { return n.Role == node.Role }) {
			nodes = append(nodes, node)
		}
	}
	return nodes
}

// checkVersionsOf looks for the releases where Talos itself reads them, whatever document they are in.
func checkVersionsOf(t *testing.T, raw []byte, talos, kubernetes spec.Version) {
	t.Helper()
	cfg, err := configloader.NewFromBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	if image := cfg.K8sKubeletConfig().Image(); !strings.HasSuffix(image, ":"+string(kubernetes)) {
		t.Fatalf("kubelet %s, want %s", image, kubernetes)
	}
	var installer string
	if install := cfg.UnattendedInstallConfig(); install != nil {
		installer = install.InstallerImage()
	} else {
		installer = cfg.Machine().Install().Image()
	}
	if !strings.HasSuffix(installer, ":"+string(talos)) {
		t.Fatalf("installer %s, want %s", installer, talos)
	}
}

// The table of spec is Talos's own, for every minor of the library that this program is built with.
func TestSpec_KnowsTheReleasesThatTheLibraryKnows(t *testing.T) {
	if got, want := string(spec.NewestTalos()), spec.Version(gendata.VersionTag).Minor(); got != want {
		t.Errorf("newest Talos %s, but the library is %s", got, gendata.VersionTag)
	}
	stack := loadStack(t, "../../../spec/spectest/testdata/Pulumi.home.yaml")
	stack.Cluster.TalosContract = "v1.10"
	for _, talos := range append([]spec.Version{"v1.10.1"}, talosReleases...) {
		release, err := compatibility.ParseTalosVersion(&machineapi.VersionInfo{Tag: string(talos)})
		if err != nil {
			t.Fatal(err)
		}
		for _, kubernetes := range kubernetesReleases {
			parsed, err := compatibility.ParseKubernetesVersion(kubernetes.Bare())
			if err != nil {
				t.Fatal(err)
			}
			stack.Cluster.TalosVersion, stack.Cluster.KubernetesVersion = talos, kubernetes
			if got, want := refusesVersions(stack), parsed.SupportedWith(release) != nil; got != want {
				t.Errorf("Talos %s with Kubernetes %s: refused: %t, by the library: %t", talos, kubernetes, got, want)
			}
		}
	}
}
