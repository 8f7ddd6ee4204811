package kube

import (
	"context"
	"sync"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/home-ops/home-ops/rack/kube/controlplane"
)

// operators play what the software in the pods of the cluster would do, since KWOK's pods run nothing.
type operators struct {
	run func(ctx context.Context, config *rest.Config) error

	mu      sync.Mutex
	cancel  context.CancelFunc
	running sync.WaitGroup
	// cluster is the one that they run for, as Fabric.clusters counts them.
	cluster int64
}

// ensure starts them for the cluster of the control plane, unless they run for that.
func (o *operators) ensure(f *Fabric, p *plane) {
	if o.run == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	cluster := f.clusters.Load()
	if o.cancel != nil && o.cluster == cluster {
		return
	}
	o.end()
	config, err := operatorsConfig(p)
	if err != nil {
		f.log.Error("operators", "error", err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	o.cancel, o.cluster = cancel, cluster
	o.running.Go(func() {
		if err := o.run(ctx, config); err != nil && ctx.Err() == nil {
			f.log.Error("operators", "error", err)
		}
	})
}

func (o *operators) stop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.end()
}

func (o *operators) end() {
	if o.cancel != nil {
		o.cancel()
		o.running.Wait()
		o.cancel = nil
	}
}

func operatorsConfig(p *plane) (*rest.Config, error) {
	kubeconfig, err := p.current().Kubeconfig("https://"+balancerAddress,
		controlplane.Identity{Context: "operators", User: "operators", Group: "system:masters"})
	if err != nil {
		return nil, err
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 100, 200
	config.WarningHandler = rest.NoWarnings{}
	return config, nil
}
