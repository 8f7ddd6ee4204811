package gitops_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/home-ops/home-ops/components/flux/settings"
	"github.com/home-ops/home-ops/internal/gitops"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/stacks"
)

const repository = "../.."

// reserved are the settings that apps will need, as trusted proxies or as networks to keep
// away from, and that nothing in the tree uses yet.
var reserved = []string{settings.NodeCIDRs, settings.PodCIDRs, settings.ServiceCIDRs, settings.OnePasswordVault}

// eachStack runs a test for every stack file of the repository, whatever it is called.
func eachStack(t *testing.T, test func(t *testing.T, stack *spec.Stack, cluster *gitops.Cluster)) {
	t.Helper()
	files, err := filepath.Glob(repository + "/Pulumi.*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(spec.StackName(file), func(t *testing.T) {
			stack, problems := spec.LoadFile(file)
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			test(t, stack, load(t, stack))
		})
	}
}

// loaded are the trees that were read, each once.
var loaded = map[string]*gitops.Cluster{}

func load(t *testing.T, stack *spec.Stack) *gitops.Cluster {
	t.Helper()
	if cluster := loaded[stack.Name]; cluster != nil {
		return cluster
	}
	parts, err := stacks.Plan(stack)
	if err != nil {
		t.Fatal(err)
	}
	first, given, err := gitops.Bootstrap(parts)
	if err != nil {
		t.Fatal(err)
	}
	cluster, problems := gitops.Load(repository, first, given)
	report(t, problems)
	if len(problems) == 0 {
		loaded[stack.Name] = cluster
	}
	return cluster
}

func report(t *testing.T, problems []error) {
	t.Helper()
	for _, problem := range problems {
		t.Error(problem)
	}
}

func TestTree_EverySettingHasAUser(t *testing.T) {
	eachStack(t, func(t *testing.T, stack *spec.Stack, cluster *gitops.Cluster) {
		report(t, cluster.CheckSettings(settings.For(stack), reserved))
	})
}

func TestTree_NothingWaitsForEver(t *testing.T) {
	eachStack(t, func(t *testing.T, _ *spec.Stack, cluster *gitops.Cluster) { report(t, cluster.CheckOrder()) })
}

func TestTree_EverythingIsPinned(t *testing.T) {
	eachStack(t, func(t *testing.T, _ *spec.Stack, cluster *gitops.Cluster) { report(t, cluster.CheckPins()) })
}

func TestTree_NoReleaseStaysFailedOrFailsUnseen(t *testing.T) {
	eachStack(t, func(t *testing.T, _ *spec.Stack, cluster *gitops.Cluster) { report(t, cluster.CheckReleases()) })
}

func TestTree_AgreesWithTheStackFile(t *testing.T) {
	eachStack(t, func(t *testing.T, stack *spec.Stack, cluster *gitops.Cluster) { report(t, cluster.CheckStack(stack)) })
}

func TestTree_PublishesOnlyWhatMayBePublic(t *testing.T) {
	eachStack(t, func(t *testing.T, _ *spec.Stack, cluster *gitops.Cluster) { report(t, cluster.CheckRoutes()) })
}

func TestTree_ObjectsAreWhatTheirKindsAllow(t *testing.T) {
	kinds, err := gitops.NewKinds()
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range definitions(t) {
		kinds.AddDefinitions(os.DirFS(folder))
	}
	eachStack(t, func(t *testing.T, _ *spec.Stack, cluster *gitops.Cluster) {
		unknown, problems := cluster.CheckKinds(kinds)
		report(t, problems)
		t.Log("of unknown form:", slices.Sorted(maps.Keys(unknown)))
	})
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// definitions are the folders in which a rehearsal left the definitions of what it runs,
// unless their generator has changed since. Without them, the form of Kubernetes' own kinds,
// the Gateway API's and Flux's Kustomizations is checked.
func definitions(t *testing.T) []string {
	t.Helper()
	sources, err := filepath.Glob(repository + "/rack/crds/*")
	if err != nil {
		t.Fatal(err)
	}
	var changed time.Time
	for _, source := range sources {
		if info, err := os.Stat(source); err == nil && info.ModTime().After(changed) {
			changed = info.ModTime()
		}
	}
	folders, err := filepath.Glob(repository + "/out/crds/[0-9a-f]*")
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(folders, func(folder string) bool {
		info, err := os.Stat(folder)
		return err != nil || info.ModTime().Before(changed)
	})
}
