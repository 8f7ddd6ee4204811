package kube

import (
	"context"
	"net/http"
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
	cluster     int64
	credentials *credentials
	transport   *renewing
}

// ensure starts them for the cluster of the control plane, unless they run for that.
func (o *operators) ensure(f *Fabric, p *plane) {
	if o.run == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	cluster, planes := f.clusters.Load(), f.together(p)
	runs := o.cancel != nil && o.cluster == cluster
	if runs && o.credentials.good(planes) {
		return
	}
	if !runs {
		o.end()
		o.transport = &renewing{}
	}
	config, err := o.renew(planes)
	if err != nil {
		f.log.Error("operators", "error", err)
		return
	}
	if runs {
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

// renew gives them credentials that every control plane takes. Those who run keep the config that they have.
func (o *operators) renew(planes []controlplane.Plane) (*rest.Config, error) {
	credentials, err := newCredentials(planes, controlplane.Identity{Context: "operators", User: "operators", Group: "system:masters"})
	if err != nil {
		return nil, err
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(credentials.kubeconfig)
	if err != nil {
		return nil, err
	}
	if err := o.transport.renew(config); err != nil {
		return nil, err
	}
	o.credentials = credentials
	config.QPS, config.Burst = 100, 200
	config.WarningHandler = rest.NoWarnings{}
	transport := o.transport
	config.WrapTransport = func(http.RoundTripper) http.RoundTripper { return transport }
	return config, nil
}
