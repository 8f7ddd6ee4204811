package node_test

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"slices"
	"sync"

	"github.com/home-ops/home-ops/rack/node"
)

// fakeKubernetes stands for what runs on a node; nodes of a cluster share an etcd.
type fakeKubernetes struct {
	etcd *fakeEtcd

	mu        sync.Mutex
	machine   node.Machine
	boots     int
	reconfigs []node.Machine
	shutdowns []bool
	running   bool
	// powered is the context of the boot; abrupt says of each shutdown that it came too late: the context had ended.
	powered context.Context
	abrupt  []bool
	bootErr error
	// recovered is what was in the snapshot that etcd began with.
	recovered []byte
	// vips are those that lead to the node.
	vips []netip.Addr
	// hold keeps Boot from returning until it is closed.
	hold chan struct{}
}

type fakeEtcd struct {
	mu      sync.Mutex
	members []string
}

func (f *fakeKubernetes) Boot(ctx context.Context, m node.Machine) error {
	if f.hold != nil {
		<-f.hold
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.machine, f.running, f.powered = m, true, ctx
	f.boots++
	return f.bootErr
}

func (f *fakeKubernetes) Reconfigure(_ context.Context, m node.Machine) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.machine = m
	f.reconfigs = append(f.reconfigs, m)
	return nil
}

func (f *fakeKubernetes) name() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.machine.Name
}

func (f *fakeKubernetes) Bootstrap(_ context.Context, from node.Recovery) error {
	if from.Snapshot != "" {
		var err error
		if f.recovered, err = os.ReadFile(from.Snapshot); err != nil {
			return err
		}
	}
	f.etcd.mu.Lock()
	defer f.etcd.mu.Unlock()
	f.etcd.members = append(f.etcd.members, f.name())
	return nil
}

func (f *fakeKubernetes) HasEtcdData() bool {
	f.etcd.mu.Lock()
	defer f.etcd.mu.Unlock()
	return slices.Contains(f.etcd.members, f.name())
}

func (f *fakeKubernetes) ReleaseVIPs() {}

// has says which VIPs lead to the node.
func (f *fakeKubernetes) has(vips ...netip.Addr) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.vips = vips
}

func (f *fakeKubernetes) VIPs() []netip.Addr {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.vips)
}

func (f *fakeKubernetes) LeaveEtcd(context.Context) error {
	f.etcd.mu.Lock()
	defer f.etcd.mu.Unlock()
	if len(f.etcd.members) < 2 {
		return errors.New("etcdserver: re-configuration failed due to not enough started members")
	}
	name := f.name()
	f.etcd.members = slices.DeleteFunc(f.etcd.members, func(m string) bool { return m == name })
	return nil
}

func (f *fakeKubernetes) EtcdMembers(context.Context) ([]node.EtcdMember, error) {
	f.etcd.mu.Lock()
	defer f.etcd.mu.Unlock()
	var list []node.EtcdMember
	for i, name := range f.etcd.members {
		list = append(list, node.EtcdMember{ID: uint64(i + 1), Hostname: name})
	}
	return list, nil
}

func (f *fakeKubernetes) Kubeconfig(context.Context) ([]byte, error) {
	return []byte("kubeconfig of " + f.name()), nil
}

func (f *fakeKubernetes) Services() []node.Service {
	f.mu.Lock()
	kind := f.machine.Config.Machine().Type()
	f.mu.Unlock()
	kubelet := node.Service{ID: "kubelet", State: "Running", Healthy: true, HealthKnown: true}
	if !kind.IsControlPlane() {
		return []node.Service{kubelet}
	}
	etcd := node.Service{ID: "etcd", State: "Preparing"}
	if f.HasEtcdData() {
		etcd = node.Service{ID: "etcd", State: "Running", Healthy: true, HealthKnown: true}
	}
	return []node.Service{etcd, kubelet}
}

func (f *fakeKubernetes) Shutdown(_ context.Context, wipe bool) error {
	name := f.name()
	f.mu.Lock()
	f.running = false
	f.shutdowns = append(f.shutdowns, wipe)
	f.abrupt = append(f.abrupt, f.powered != nil && f.powered.Err() != nil)
	f.mu.Unlock()
	if wipe {
		f.etcd.mu.Lock()
		defer f.etcd.mu.Unlock()
		f.etcd.members = slices.DeleteFunc(f.etcd.members, func(m string) bool { return m == name })
	}
	return nil
}
