package kube_test

import (
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/config"

	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/rack/contracttest"
	"github.com/home-ops/home-ops/rack/kube/controlplane"
	"github.com/home-ops/home-ops/rack/kube/kubelet"
	"github.com/home-ops/home-ops/rack/kube/manifests"
)

// What Kubernetes gets of a machine is the same in every form of its config, but for what `homeops contract` tells: the
// flags and files of the control plane, its secrets, the node's names, labels and taints, and what Talos brings along.
func TestContracts_GiveKubernetesWhatHasBeenTold(t *testing.T) {
	var got strings.Builder
	for _, s := range contracttest.Switches(t) {
		before, after := derived(t, s, s.Before), derived(t, s, s.After)
		for _, name := range slices.Sorted(maps.Keys(before)) {
			if len(before[name]) == 0 || reflect.DeepEqual(before[name], after[name]) {
				continue
			}
			if setting, ok := explains[name]; !ok || !s.Says(setting) {
				t.Errorf("%s: %s is another one, and nobody is told", s.Name, name)
			}
			fmt.Fprintf(&got, "%s: %s\n", s.Name, name)
			for _, line := range lines(before[name], after[name]) {
				fmt.Fprintf(&got, "  %s\n", line)
			}
		}
		if len(before) != len(after) {
			t.Errorf("%s: %v become %v", s.Name, slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
		}
	}
	golden.Check(t, "contracts.txt", []byte(got.String()))
}

// explains are the settings of `homeops contract` that change what is derived.
var explains = map[string]string{
	"kube-apiserver": "anonymous health checks",
	"secrets":        "reading of Secrets that were stored in clear",
}

func derived(t *testing.T, s contracttest.Switch, cfg config.Provider) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	m := kubelet.Machine{
		Hostname: s.Node.Name, Addresses: s.Node.Addresses(), Dir: "/node", Config: cfg, TalosVersion: "v1.14.1", Arch: "amd64", BootID: "1",
	}
	all["node"] = []string{m.NodeName(), fmt.Sprint(m.NodeIPs())}
	for key, value := range m.Labels() {
		all["node"] = append(all["node"], "label "+key+"="+value)
	}
	for key, value := range m.Annotations() {
		all["node"] = append(all["node"], "annotation "+key+"="+value)
	}
	for _, taint := range m.Taints() {
		all["node"] = append(all["node"], "taint "+taint.ToString())
	}
	slices.Sort(all["node"])
	if !cfg.Machine().Type().IsControlPlane() {
		return all
	}
	plane := controlplane.Plane{
		Config: cfg, Node: s.Node.Name, Hostname: s.Node.Name, Address: s.Node.Address, Addresses: s.Node.Addresses(), Dir: "/node",
		EtcdURL: "https://" + netip.AddrPortFrom(s.Node.Address, 2379).String(),
	}
	components, err := plane.Components()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range components {
		text := append([]string{"image " + c.Image}, slices.DeleteFunc(c.Args, isDefault)...)
		for _, name := range slices.Sorted(maps.Keys(c.Files)) {
			text = append(text, "--- "+name)
			text = append(text, strings.Split(string(c.Files[name]), "\n")...)
		}
		all[c.Name] = text
	}
	all["secrets"] = []string{"as before"}
	if s.Before != cfg {
		was := plane
		was.Config = s.Before
		if !was.SameSecrets(plane) {
			all["secrets"] = []string{"others"}
		}
	}
	objects, err := manifests.Bootstrap(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		text, err := o.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		all["bootstrap manifests"] = append(all["bootstrap manifests"], string(text))
	}
	return all
}

// isDefault recognizes a flag that says what kube-controller-manager does without it: Talos leaves it out where its document
// of the network has these sizes.
func isDefault(flag string) bool {
	return slices.Contains([]string{"--node-cidr-mask-size=24", "--node-cidr-mask-size-ipv4=24", "--node-cidr-mask-size-ipv6=64"}, flag)
}

// lines are those that one list alone has.
func lines(before, after []string) []string {
	var changed []string
	for _, line := range before {
		if !slices.Contains(after, line) {
			changed = append(changed, "- "+line)
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			changed = append(changed, "+ "+line)
		}
	}
	return changed
}
