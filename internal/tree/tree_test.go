package tree_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/home-ops/home-ops/components/flux/settings"
	fluxvalues "github.com/home-ops/home-ops/components/flux/values"
	"github.com/home-ops/home-ops/internal/tree"
	"github.com/home-ops/home-ops/spec"
)

const repository = "../.."

// offered are the settings that apps will want, as trusted proxies or as networks to keep
// away from, and that nothing in the tree wants yet.
var offered = []string{settings.NodeCIDRs, settings.PodCIDRs, settings.ServiceCIDRs, settings.OnePasswordVault}

// eachStack runs a test for every stack of the project.
func eachStack(t *testing.T, test func(t *testing.T, stack *spec.Stack, cluster *tree.Cluster)) {
	t.Helper()
	for _, name := range []string{"home", "lab"} {
		t.Run(name, func(t *testing.T) {
			stack, problems := spec.LoadFile(repository + "/Pulumi." + name + ".yaml")
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			test(t, stack, load(t, stack))
		})
	}
}

// loaded are the trees that were read, each once.
var loaded = map[string]*tree.Cluster{}

func load(t *testing.T, stack *spec.Stack) *tree.Cluster {
	t.Helper()
	if cluster := loaded[stack.Name]; cluster != nil {
		return cluster
	}
	cluster, problems := tree.Load(repository, root(t, stack), values(stack))
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

func values(stack *spec.Stack) tree.Settings {
	secret := map[string]string{}
	if l := stack.Storage.Longhorn; l != nil && l.Backup != nil {
		secret[settings.LonghornBackupAccessKey], secret[settings.LonghornBackupSecretKey] = "access", "secret"
	}
	return tree.Settings{Public: settings.For(stack), Secret: secret}
}

func root(t *testing.T, stack *spec.Stack) *tree.Kustomization {
	t.Helper()
	chart, err := fluxvalues.For(stack)
	if err != nil {
		t.Fatal(err)
	}
	first, err := tree.Root(chart)
	if err != nil {
		t.Fatal(err)
	}
	return first
}

func TestTree_EverySettingHasAUser(t *testing.T) {
	eachStack(t, func(t *testing.T, stack *spec.Stack, cluster *tree.Cluster) {
		report(t, cluster.CheckSettings(settings.For(stack), offered))
	})
}

func TestTree_NothingWaitsForEver(t *testing.T) {
	eachStack(t, func(t *testing.T, _ *spec.Stack, cluster *tree.Cluster) { report(t, cluster.CheckOrder()) })
}

func TestTree_EverythingIsPinned(t *testing.T) {
	eachStack(t, func(t *testing.T, _ *spec.Stack, cluster *tree.Cluster) { report(t, cluster.CheckPins()) })
}

func TestTree_AgreesWithTheStackFile(t *testing.T) {
	eachStack(t, func(t *testing.T, stack *spec.Stack, cluster *tree.Cluster) { report(t, cluster.CheckStack(stack)) })
}

func TestTree_PublishesOnlyWhatMayBePublic(t *testing.T) {
	eachStack(t, func(t *testing.T, _ *spec.Stack, cluster *tree.Cluster) { report(t, cluster.CheckRoutes()) })
}

func TestTree_ObjectsAreWhatTheirKindsAllow(t *testing.T) {
	kinds, err := tree.NewKinds()
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range definitions(t) {
		kinds.AddDefinitions(os.DirFS(folder))
	}
	eachStack(t, func(t *testing.T, _ *spec.Stack, cluster *tree.Cluster) {
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
