package rook_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/home-ops/home-ops/components/rook"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// changed lists the resources whose inputs differ between two stacks.
func changed(t *testing.T, before, after *spec.Stack) []string {
	t.Helper()
	inputs := func(stack *spec.Stack) map[string]resource.PropertyMap {
		out := map[string]resource.PropertyMap{}
		for _, r := range registered(t, stack).Resources() {
			if strings.HasPrefix(r.Type, "kubernetes:") {
				out[r.Name] = r.Inputs
			}
		}
		return out
	}
	old, now := inputs(before), inputs(after)
	var names []string
	for name := range now {
		if _, known := old[name]; !known || !old[name].DeepEquals(now[name]) {
			names = append(names, name)
		}
	}
	for name := range old {
		if _, kept := now[name]; !kept {
			names = append(names, "-"+name)
		}
	}
	slices.Sort(names)
	return names
}

func TestRookCephStorage_ChangesExactlyWhatTheStackChanges(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*spec.Stack)
		want   []string
	}{
		"nothing": {func(*spec.Stack) {}, nil},
		"a node that joins without disks for Ceph": {func(s *spec.Stack) {
			s.Nodes = append(s.Nodes, joined(s))
		}, nil},
		"a node that joins with a disk": {func(s *spec.Stack) {
			s.Nodes = append(s.Nodes, joined(s))
			s.Storage.RookCeph.Nodes = append(s.Storage.RookCeph.Nodes, spec.CephNode{
				Name: "worker-4", Disks: []spec.DiskSelector{{Serial: "S73WNJ0W300524D"}},
			})
		}, []string{"rook-cluster"}},
		"a disk more": {func(s *spec.Stack) {
			n := &s.Storage.RookCeph.Nodes[0]
			n.Disks = append(n.Disks, spec.DiskSelector{WWID: "eui.0025385b21b0ab12"})
		}, []string{"rook-cluster"}},
		"the operator's version": {func(s *spec.Stack) {
			s.Versions.RookCeph = "v1.18.4"
		}, []string{"rook-operator"}},
		"Ceph's version": {func(s *spec.Stack) {
			s.Versions.Ceph = "v19.2.4"
		}, []string{"rook-cluster"}},
		"the copies of block volumes": {func(s *spec.Stack) {
			s.Storage.RookCeph.Block.Replicas = 2
		}, []string{"rook-pool-block"}},
		"what becomes of a deleted claim": {func(s *spec.Stack) {
			s.Storage.RookCeph.Block.RetainOnDelete = true
		}, []string{"rook-class-block"}},
		"the default class": {func(s *spec.Stack) {
			s.Storage.DefaultClass = "ceph-filesystem"
		}, []string{"rook-class-block", "rook-class-filesystem"}},
		"an object store": {func(s *spec.Stack) {
			s.Storage.RookCeph.ObjectStore.Enabled = true
		}, []string{"rook-class-bucket", "rook-objectstore", "rook-policy-buckets"}},
		"no file system, which its protection forbids": {func(s *spec.Stack) {
			s.Storage.RookCeph.Filesystem.Enabled = false
		}, []string{"-rook-class-filesystem", "-rook-filesystem", "-rook-filesystem-volumes", "rook-operator"}},
	} {
		t.Run(name, func(t *testing.T) {
			after := spectest.Home(t)
			test.change(after)
			if got := changed(t, spectest.Home(t), after); !slices.Equal(got, test.want) {
				t.Errorf("changes %v, want %v", got, test.want)
			}
		})
	}
}

// joined is one worker more.
func joined(s *spec.Stack) spec.Node {
	node := s.Nodes[len(s.Nodes)-1]
	node.Name = "worker-4"
	node.Address = node.Address.Next()
	return node
}

func TestRookCephStorage_RefusesWhatCouldNotWorkBeforeAnythingExists(t *testing.T) {
	ambiguous := spectest.Home(t)
	ambiguous.Storage.RookCeph.Nodes[0].Disks[0].WWID = "eui.0025384331408d1f"
	none := spectest.Home(t)
	none.Storage.RookCeph = nil
	for name, test := range map[string]struct {
		stack  *spec.Stack
		change func(*rook.Args)
		want   string
	}{
		"no stack": {spectest.Home(t), func(a *rook.Args) { a.Stack = nil }, "rook: Stack is missing"},
		"no provider": {
			spectest.Home(t), func(a *rook.Args) { a.Provider = nil },
			"rook: Provider is missing: objects would go wherever the user's kubeconfig points",
		},
		"a stack without Ceph": {none, func(*rook.Args) {}, "rook: the stack has no storage.rookCeph"},
		"a disk that Rook could not tell": {
			ambiguous, func(*rook.Args) {},
			"rook: storage.rookCeph.nodes[0].disks[0]: serial and wwid are on two different links, of which one is compared: keep one of them",
		},
	} {
		t.Run(name, func(t *testing.T) {
			rec, err := run(test.stack, test.change)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %s", err, test.want)
			}
			for _, r := range rec.Resources() {
				if strings.HasPrefix(r.Type, "kubernetes:") || strings.HasPrefix(r.Type, "homeops:") {
					t.Errorf("%s was registered", r.Name)
				}
			}
		})
	}
}
