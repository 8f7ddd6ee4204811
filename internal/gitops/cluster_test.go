package gitops_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/home-ops/home-ops/components/flux/settings"
	"github.com/home-ops/home-ops/internal/gitops"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
	"github.com/home-ops/home-ops/stacks"
)

const repository = "../.."

// scratch is a folder for all tests of the package, since what is read in one is used in others.
var scratch string

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "gitops"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(scratch)
	os.Exit(code)
}

// composed is a copy of the repository's tree. Clusters in it are those of the tests, as [gitops.Compose] makes them:
// those of the repository are its owner's, and have what the owner wants.
var composed = sync.OnceValues(func() (string, error) {
	root := filepath.Join(scratch, "composed")
	for _, folder := range []string{"apps", "components", "tenants"} {
		path := filepath.Join("kubernetes", folder)
		if err := os.CopyFS(filepath.Join(root, path), os.DirFS(filepath.Join(repository, path))); err != nil {
			return "", err
		}
	}
	return root, nil
})

// compose writes the cluster of a stack into a copy of the tree, and returns the copy.
func compose(t *testing.T, stack *spec.Stack) string {
	t.Helper()
	root, err := composed()
	if err != nil {
		t.Fatal(err)
	}
	composition, err := gitops.Compose(root, stack)
	if err != nil {
		t.Fatal(err)
	}
	content, err := composition.YAML()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(root, composition.Path)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "kustomization.yaml"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return root
}

// eachStack runs a test for the stacks of the tests, with all that the tree has for them, and for those stacks of the
// repository of which `homeops validate` finds the file and the tree in order: what is wrong with others is for it
// to say, and no fault of this package.
func eachStack(t *testing.T, test func(t *testing.T, stack *spec.Stack, cluster *gitops.Cluster)) {
	t.Helper()
	for _, stack := range []*spec.Stack{spectest.Home(t), spectest.Lab(t)} {
		t.Run("sample "+stack.Name, func(t *testing.T) {
			cluster, problems := load(t, compose(t, stack), stack)
			report(t, problems)
			if len(problems) == 0 {
				test(t, stack, cluster)
			}
		})
	}
	files, err := filepath.Glob(repository + "/Pulumi.*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(spec.StackName(file), func(t *testing.T) {
			stack, problems := spec.LoadFile(file)
			if spec.Merge(problems, stack.Validate()).HasErrors() {
				t.Skip("the stack file has errors, which `homeops validate` shows")
			}
			cluster, faults := load(t, repository, stack)
			if len(faults) > 0 {
				t.Skip("the tree has errors, which `homeops validate` shows")
			}
			test(t, stack, cluster)
		})
	}
}

// loaded are the trees that were read, each once.
var loaded = map[string]*gitops.Cluster{}

func load(t *testing.T, root string, stack *spec.Stack) (*gitops.Cluster, []error) {
	t.Helper()
	key := root + " " + stack.Name
	if cluster := loaded[key]; cluster != nil {
		return cluster, nil
	}
	parts, err := stacks.Plan(stack)
	if err != nil {
		t.Fatal(err)
	}
	first, given, err := gitops.Bootstrap(parts)
	if err != nil {
		t.Fatal(err)
	}
	cluster, problems := gitops.Load(root, first, given)
	if len(problems) == 0 {
		loaded[key] = cluster
	}
	return cluster, problems
}

func report(t *testing.T, problems []error) {
	t.Helper()
	for _, problem := range problems {
		t.Error(problem)
	}
}

// reserved are the settings that apps will need, as trusted proxies or as networks to keep
// away from, and that nothing in the tree uses yet.
var reserved = []string{settings.NodeCIDRs, settings.PodCIDRs, settings.ServiceCIDRs, settings.OnePasswordVault}

func TestTree_EverySettingHasAUser(t *testing.T) {
	for _, stack := range []*spec.Stack{spectest.Home(t), spectest.Lab(t)} {
		cluster, problems := load(t, compose(t, stack), stack)
		report(t, problems)
		all := settings.For(stack)
		for _, name := range reserved {
			delete(all, name)
			if cluster.Used[name] {
				t.Errorf("%s: the setting %s has a user by now; take it from the reserved ones", stack.Name, name)
			}
		}
		report(t, cluster.CheckSettings(all))
	}
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

func TestTree_EverythingCanBeChanged(t *testing.T) {
	eachStack(t, func(t *testing.T, _ *spec.Stack, cluster *gitops.Cluster) { report(t, cluster.CheckFixed()) })
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
