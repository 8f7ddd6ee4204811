package kube

import (
	"context"

	"github.com/siderolabs/talos/pkg/machinery/config"

	"github.com/home-ops/home-ops/rack/kube/talosaccess"
)

// giveTalosAccess answers those in the cluster who ask for a talosconfig, once the machine config lets them.
func (p *plane) giveTalosAccess(ctx context.Context) {
	late := false
	for p.current().Config.K8sTalosAPIAccessConfig() == nil {
		late = true
		if sleep(ctx, manifestsPause); ctx.Err() != nil {
			return
		}
	}
	if late { // It was turned on without a reboot: the manifests lack its kind.
		p.applyManifests(ctx)
	}
	// One control plane at a time, which Talos makes sure of with a lock in etcd.
	select {
	case p.fabric.access <- struct{}{}:
		defer func() { <-p.fabric.access }()
	case <-ctx.Done():
		return
	}
	for ctx.Err() == nil {
		if err := p.giveTalosAccessOnce(ctx); err != nil {
			p.log.Error("talosconfigs for pods", "error", err)
			return
		}
	}
}

// giveTalosAccessOnce does so with the identity that the plane has now, until it has another.
func (p *plane) giveTalosAccessOnce(ctx context.Context) error {
	ctx, end := p.untilRenewed(ctx)
	defer end()
	api, err := talosConfig(p.current())
	if err != nil {
		return err
	}
	controller, err := talosaccess.New(api, func() config.Provider { return p.current().Config }, p.log)
	if err != nil {
		return err
	}
	controller.Run(ctx)
	return nil
}
