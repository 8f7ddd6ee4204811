package rook

import (
	"testing"

	"github.com/home-ops/home-ops/components/rook/rookio"
	"github.com/home-ops/home-ops/spec"
)

const oneMachine = `config:
  home-ops:cluster: { domain: example.com, talosVersion: v1.11.1, talosContract: v1.11, kubernetesVersion: v1.34.1 }
  home-ops:network: { nodeCIDRs: [10.0.0.0/16] }
  home-ops:nodes: [{ name: k1, role: controlPlane, address: 10.0.50.11, mac: 52:54:00:00:00:11, installDisk: { serial: SYS } }]
  home-ops:storage:
    rookCeph:
      failureDomain: osd
      monitors: 3
      monitorsShareNodes: true
      block: { deviceClass: nvme }
      nodes: [{ name: k1, disks: [{ serial: A }, { serial: B }, { serial: C }] }]
  home-ops:flux: { repository: https://github.com/example/home.git }
`

func TestPlan_KeepsCopiesOnTheDisksOfOneMachine(t *testing.T) {
	stack, problems := spec.Load("one", []byte(oneMachine))
	if err := append(problems, stack.Validate()...).Err(); err != nil {
		t.Fatal(err)
	}
	steps, err := Plan(stack)
	if err != nil {
		t.Fatal(err)
	}
	pools := 0
	for _, step := range steps {
		switch o := step.Object.(type) {
		case *rookio.CephBlockPool:
			pools++
			if o.Spec.FailureDomain != "osd" || o.Spec.Replicated.Size != 3 {
				t.Errorf("%s keeps %d copies on different %ss", o.Name, o.Spec.Replicated.Size, o.Spec.FailureDomain)
			}
			if class := o.Spec.DeviceClass; o.Name == "ceph-blockpool" && class != "nvme" {
				t.Errorf("%s is on %q", o.Name, class)
			}
		case *rookio.CephCluster:
			if !o.Spec.Mon.AllowMultiplePerNode || o.Spec.Mon.Count != 3 {
				t.Errorf("monitors: %+v", o.Spec.Mon)
			}
		}
	}
	if pools < 2 {
		t.Errorf("%d pools", pools)
	}
}
