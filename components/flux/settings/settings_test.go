package settings_test

import (
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/components/flux/settings"
	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

func stacks(t *testing.T) []*spec.Stack {
	t.Helper()
	return []*spec.Stack{spectest.Home(t), spectest.Lab(t)}
}

func TestFor_MatchesTheGoldens(t *testing.T) {
	for _, stack := range stacks(t) {
		golden.Documents(t, stack.Name+".yaml", settings.For(stack))
	}
}

// Flux leaves a name of any other form in place.
// https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution
var variable = regexp.MustCompile(`^[_A-Za-z][_A-Za-z0-9]*$`)

func TestFor_NamesVariablesThatFluxReplacesByWords(t *testing.T) {
	for _, stack := range stacks(t) {
		for name, value := range settings.For(stack) {
			if !variable.MatchString(name) {
				t.Errorf("%s: %s is no name of a variable", stack.Name, name)
			}
			if value == "" || strings.Contains(value, "invalid") {
				t.Errorf("%s: %s is %q", stack.Name, name, value)
			}
		}
	}
}

func TestFor_ListsCanStandInBrackets(t *testing.T) {
	var got []string
	list := "[" + settings.For(spectest.Lab(t))[settings.NodeCIDRs] + "]"
	if err := yaml.Unmarshal([]byte(list), &got); err != nil {
		t.Fatal(err)
	}
	if strings.Join(got, " ") != "10.20.0.0/24 fd00:20::/64" {
		t.Errorf("read %q", got)
	}
}

// Of two of one name, Flux takes the secret.
func TestSecretRefs_HaveOtherNamesThanTheSettings(t *testing.T) {
	for _, stack := range stacks(t) {
		plain := settings.For(stack)
		for name := range settings.SecretRefs(stack) {
			if _, taken := plain[name]; taken || !variable.MatchString(name) {
				t.Errorf("%s: %s is a setting too, or no name of a variable", stack.Name, name)
			}
		}
	}
	if len(settings.SecretRefs(spectest.Lab(t))) == 0 {
		t.Error("no stack of the test has a secret setting")
	}
}

// Two default classes, or none, and a claim that names no class is given whichever the API server thinks of.
func TestFor_MakesOneClassTheDefault(t *testing.T) {
	storage := spec.Storage{
		RookCeph: &spec.RookCeph{Block: spec.CephPool{Enabled: true}}, Longhorn: &spec.Longhorn{},
		ZFS: &spec.ZFS{Pools: []spec.ZFSPool{{Name: "tank", Node: "worker-1"}, {Name: "fast", Node: "worker-2"}}},
	}
	for class, want := range map[string]string{
		"ceph-block": "", "longhorn": settings.LonghornDefaultClass, "zfs-tank": settings.ZFSDefaultClass("tank"), "zfs-fast": settings.ZFSDefaultClass("fast"),
	} {
		storage.DefaultClass = class
		got := settings.For(&spec.Stack{Storage: storage})
		for _, name := range []string{settings.LonghornDefaultClass, settings.ZFSDefaultClass("tank"), settings.ZFSDefaultClass("fast")} {
			if is := got[name] == "true"; is != (name == want) || got[name] == "" {
				t.Errorf("default %s: %s is %q", class, name, got[name])
			}
		}
	}
}
