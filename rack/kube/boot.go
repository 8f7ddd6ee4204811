package kube

import (
	"context"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/home-ops/home-ops/rack/kube/controlplane"
	"github.com/home-ops/home-ops/rack/kube/kubelet"
	"github.com/home-ops/home-ops/rack/node"
)

// boot is what runs on a node from one start of its machine to the next.
type boot struct {
	node *Node
	// machine ends when the machine loses its power.
	machine context.Context
	// ctx ends with the boot; it says whether the processes may end in order.
	ctx      context.Context
	cancel   context.CancelFunc
	orderly  chan struct{}
	running  sync.WaitGroup
	kubelet  *kubelet.Kubelet
	plane    *plane // nil on a worker
	stopOnce sync.Once
}

func newBoot(powered context.Context, n *Node, m node.Machine) (*boot, error) {
	b := &boot{node: n, machine: powered, orderly: make(chan struct{})}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	options := kubelet.Options{Server: "https://" + balancerAddress, CNISelector: n.fabric.selector, Log: n.log}
	machine := kubeletMachine(n, m)
	if m.Config.Machine().Type().IsControlPlane() {
		plane, err := newPlane(n, m, machine)
		if err != nil {
			return nil, err
		}
		b.plane = plane
		options.StaticPods = plane.staticPods
		options.TalosConfig = func() (*rest.Config, error) { return talosConfig(plane.current()) }
		if _, err := options.TalosConfig(); err != nil {
			return nil, err
		}
	}
	if !m.Config.K8sNodeConfig().SkipNodeRegistration() {
		b.kubelet = kubelet.New(machine, options)
	}
	return b, nil
}

// start runs the boot until the machine's context, or its own, ends.
func (b *boot) start() {
	stop := context.AfterFunc(b.machine, b.cancel)
	if b.kubelet != nil {
		b.running.Go(func() { b.kubelet.Run(b.ctx) })
	}
	if b.plane != nil {
		b.running.Go(func() { b.plane.run(b.ctx, b.orderly) })
	}
	b.running.Go(func() {
		<-b.ctx.Done()
		stop()
		b.node.fabric.changed()
	})
}

// end stops everything and waits for it: in order, or as a power cut does.
func (b *boot) end(orderly bool) {
	b.stopOnce.Do(func() {
		// The machine's end may not have reached the boot yet.
		if orderly && b.machine.Err() == nil && b.ctx.Err() == nil {
			close(b.orderly)
		}
		b.cancel()
	})
	b.running.Wait()
}

func (b *boot) update(m node.Machine) error {
	machine := kubeletMachine(b.node, m)
	var err error
	if b.plane != nil {
		err = b.plane.update(m, machine)
	}
	if b.kubelet != nil {
		b.kubelet.Update(machine)
	}
	return err
}

// kubeletMachine is what the kubelet is told of the machine.
func kubeletMachine(n *Node, m node.Machine) kubelet.Machine {
	var capacity corev1.ResourceList
	if n.fabric.opts.Capacity != nil {
		capacity = n.fabric.opts.Capacity(n.name)
	}
	machine := kubelet.Machine{
		Hostname: m.Name, Addresses: m.Addresses, Dir: m.Dir, Config: m.Config, TalosVersion: m.TalosVersion, Arch: m.Arch,
		BootID: m.BootID, Capacity: capacity,
	}
	if m.Schematic != "" {
		machine.Extensions = map[string]string{"schematic": m.Schematic}
	}
	return machine
}

// talosConfig is how Talos itself reaches the API on a control plane.
func talosConfig(spec controlplane.Plane) (*rest.Config, error) {
	kubeconfig, err := spec.Kubeconfig("https://"+balancerAddress, controlplane.TalosAdmin)
	if err != nil {
		return nil, err
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 50, 100
	config.WarningHandler = rest.NoWarnings{} // what Talos itself applies is not for the user to change
	return config, nil
}
