package gitops_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/home-ops/home-ops/internal/gitops"
	"github.com/home-ops/home-ops/spec"
)

func TestCheckStack_ReportsWhatIsMissingAndWhatIsTooMuch(t *testing.T) {
	kustomization := func(name string, components ...string) *gitops.Kustomization {
		k := &gitops.Kustomization{}
		k.Name, k.Spec.Path, k.Spec.Components = name, "kubernetes/clusters/lab", components
		return k
	}
	cluster := &gitops.Cluster{Kustomizations: []*gitops.Kustomization{
		kustomization("flux-system"), kustomization("longhorn"), kustomization("longhorn-classes"), kustomization("snapshot-controller"),
		kustomization("monitoring-alerts", "../longhorn", "../bgp"), kustomization("monitoring-dashboards", "../longhorn", "../bgp", "../tunnel"),
	}}
	stack := &spec.Stack{}
	stack.Storage.ZFS = &spec.ZFS{Pools: []spec.ZFSPool{{Name: "tank", Node: "lab-1"}}}
	stack.Cilium.L2.Enabled = true
	const folder = "kubernetes/clusters/lab: "
	want := []string{
		folder + "it has Kustomization longhorn, but the stack has no storage.longhorn; take it away",
		folder + "it has Kustomization longhorn-classes, but the stack has no storage.longhorn; take it away",
		folder + "it has Kustomization monitoring-alerts with the component longhorn, but the stack has no storage.longhorn; take it away",
		folder + "the stack has storage.zfs, but not Kustomization zfs-localpv; add it",
		folder + "the stack has storage.zfs, but not Kustomization zfs-pools; add it",
		folder + "the stack has storage.zfs, but not Kustomization zfs-classes; add it",
		folder + "the stack has storage.zfs, but not Kustomization monitoring-alerts with the component zfs; add it",
		folder + "it has Kustomization monitoring-alerts with the component bgp, but the stack has no cilium.bgp; take it away",
		folder + "it has Kustomization monitoring-dashboards with the component longhorn, but the stack has no storage.longhorn; take it away",
		folder + "the stack has storage.zfs, but not Kustomization monitoring-dashboards with the component zfs; add it",
		folder + "it has Kustomization monitoring-dashboards with the component bgp, but the stack has no cilium.bgp; take it away",
		folder + "the stack has cilium.l2, but not Kustomization monitoring-dashboards with the component l2; add it",
		folder + "it has Kustomization monitoring-dashboards with the component tunnel, but the stack has no edge.exposure.tunnel; take it away",
		folder + "the stack has the ZFS pool tank, but the tree no StorageClass zfs-tank; add it beside the others",
	}
	var got []string
	for _, problem := range cluster.CheckStack(stack) {
		got = append(got, problem.Error())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", strings.TrimSpace(diff))
	}
}
