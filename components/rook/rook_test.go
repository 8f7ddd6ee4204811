package rook_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/home-ops/home-ops/internal/recorder"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

func TestRookCephStorage_MakesEachThingAfterWhatItNeeds(t *testing.T) {
	rec := registered(t, everything(t))
	for name, want := range map[string][]string{
		"rook-namespace": nil,
		// They need Cilium's kinds.
		"rook-policy-ceph":    {"network", "rook-namespace"},
		"rook-policy-buckets": {"network", "rook-namespace"},
		// The operator's pod needs a node that is Ready.
		"rook-operator": {"network", "rook-namespace"},
		// Rook's kinds, and those of the drivers, come with the operator.
		"rook-csi-drivers":        {"rook-operator"},
		"rook-cluster":            {"rook-csi-drivers"},
		"rook-pool-mgr":           {"rook-cluster"},
		"rook-pool-block":         {"rook-cluster"},
		"rook-filesystem":         {"rook-cluster"},
		"rook-filesystem-volumes": {"rook-filesystem"},
		"rook-objectstore":        {"rook-cluster"},
		"rook-class-block":        {"rook-pool-block"},
		"rook-class-filesystem":   {"rook-filesystem-volumes"},
		"rook-class-bucket":       {"rook-objectstore"},
	} {
		if got := rec.Find(t, name).Dependencies(); !slices.Equal(got, want) {
			t.Errorf("%s waits for %v, want %v", name, got, want)
		}
	}
}

func TestRookCephStorage_KeepsWhatHoldsData(t *testing.T) {
	rec := registered(t, everything(t))
	var kept []string
	for _, r := range rec.Resources() {
		protected, retained := r.Request.GetProtect(), r.Request.GetRetainOnDelete()
		if protected != retained {
			t.Errorf("%s: protected %t, retained %t", r.Name, protected, retained)
		}
		if protected {
			kept = append(kept, r.Name)
		}
	}
	slices.Sort(kept)
	want := []string{
		"rook-cluster", "rook-csi-drivers", "rook-filesystem", "rook-filesystem-volumes", "rook-namespace", "rook-objectstore",
		"rook-operator", "rook-pool-block", "rook-pool-mgr",
	}
	if !slices.Equal(kept, want) {
		t.Errorf("keeps %v, want %v", kept, want)
	}
}

func TestRookCephStorage_GivesCephOnlyTheNamedDisks(t *testing.T) {
	cluster := registered(t, spectest.Home(t)).Find(t, "rook-cluster")
	storage := cluster.Inputs["spec"].ObjectValue()["storage"].Mappable().(map[string]any)
	if storage["useAllNodes"] != false || storage["useAllDevices"] != false {
		t.Errorf("takes whatever is found: %v", storage)
	}
	for i, want := range []struct{ node, serial string }{
		{"worker-1", "S73WNJ0W300521D"}, {"worker-2", "S73WNJ0W300522D"}, {"worker-3", "S73WNJ0W300523D"},
	} {
		node := storage["nodes"].([]any)[i].(map[string]any)
		filter, _ := node["devicePathFilter"].(string)
		if node["name"] != want.node || !strings.Contains(filter, want.serial) {
			t.Errorf("node %d is %v, want %s with %s", i, node, want.node, want.serial)
		}
		if len(node) != 2 {
			t.Errorf("%s takes more than its filter: %v", want.node, node)
		}
	}
}

func TestRookCephStorage_WaitsUntilCephIsReady(t *testing.T) {
	rec := registered(t, everything(t))
	waiting := 0
	for _, r := range rec.Resources() {
		if !strings.HasPrefix(r.Type, "kubernetes:ceph.rook.io/") {
			continue
		}
		waiting++
		annotations := r.Inputs["metadata"].ObjectValue()["annotations"].Mappable().(map[string]any)
		if got := annotations["pulumi.com/waitFor"]; got != "jsonpath={.status.phase}=Ready" {
			t.Errorf("%s waits for %v", r.Name, got)
		}
		if got := r.Request.GetCustomTimeouts(); got.GetCreate() != "30m0s" || got.GetUpdate() != "30m0s" {
			t.Errorf("%s waits for as long as %v", r.Name, got)
		}
	}
	if waiting != 6 {
		t.Errorf("%d objects of Rook's kinds, want 6: %v", waiting, rec.Names())
	}
}

func TestRookCephStorage_LetsStorageReachTheMachine(t *testing.T) {
	namespace := registered(t, spectest.Home(t)).Find(t, "rook-namespace")
	got := namespace.Inputs["metadata"].ObjectValue()["labels"].Mappable().(map[string]any)
	for key, want := range map[string]string{
		"pod-security.kubernetes.io/enforce": "privileged",
		"home-ops.github.io/network-policy":  "own",
	} {
		if got[key] != want {
			t.Errorf("label %s is %v, want %s", key, got[key], want)
		}
	}
}

func TestRookCephStorage_GivesTheChartItsVersionAndValues(t *testing.T) {
	stack := spectest.Home(t)
	stack.Versions.RookCeph = "v1.16.4"
	release := registered(t, stack).Find(t, "rook-operator")
	for key, want := range map[resource.PropertyKey]string{
		"chart": "rook-ceph", "version": "v1.16.4", "name": "rook-ceph", "namespace": "rook-ceph",
	} {
		if got := release.Inputs[key]; !got.IsString() || got.StringValue() != want {
			t.Errorf("%s is %v, want %s", key, got, want)
		}
	}
	if got := release.Inputs["repositoryOpts"].ObjectValue()["repo"]; got.StringValue() != "https://charts.rook.io/release" {
		t.Errorf("the repository is %v", got)
	}
	values := release.Inputs["values"].Mappable().(map[string]any)
	if got := values["csi"].(map[string]any)["enableRbdDriver"]; got != true {
		t.Errorf("the block driver is %v", got)
	}
}

func TestRookCephStorage_PutsEverythingIntoTheCluster(t *testing.T) {
	for _, r := range registered(t, everything(t)).Resources() {
		if !strings.HasPrefix(r.Type, "kubernetes:") {
			continue
		}
		if !strings.Contains(r.Request.GetProvider(), "::cluster::") {
			t.Errorf("%s has provider %q", r.Name, r.Request.GetProvider())
		}
		if !strings.HasSuffix(r.Request.GetParent(), "::rook") {
			t.Errorf("%s has parent %q", r.Name, r.Request.GetParent())
		}
	}
}

func TestRookCephStorage_HandsOnTheDefaultClass(t *testing.T) {
	other := spectest.Home(t)
	other.Storage.DefaultClass = "longhorn"
	for name, test := range map[string]struct {
		stack *spec.Stack
		want  string
	}{
		"of block storage":  {spectest.Home(t), "ceph-block"},
		"of files":          {everything(t), "ceph-filesystem"},
		"of a further pool": {pools(t), "ceph-bulk"},
		"of another":        {other, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := registered(t, test.stack).Exports()["defaultClass"]; got.StringValue() != test.want {
				t.Errorf("hands on %v, want %q", got, test.want)
			}
		})
	}
}

func TestRookCephStorage_CanBePreviewedBeforeTheClusterExists(t *testing.T) {
	stack, rec := everything(t), &recorder.Recorder{}
	if err := rec.Preview(program(stack), stack.Name); err != nil {
		t.Fatal(err)
	}
	if got, want := rec.Names(), registered(t, stack).Names(); !slices.Equal(got, want) {
		t.Errorf("previews %v, makes %v", got, want)
	}
}
