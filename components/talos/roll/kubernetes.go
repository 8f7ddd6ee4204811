package roll

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/encoder"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
)

// withKubelet is a config whose kubelet is of another release: that which runs, while
// the control plane becomes newer.
func withKubelet(raw []byte, release string) ([]byte, error) {
	cfg, err := configloader.NewFromBytes(raw)
	if err != nil {
		return nil, err
	}
	held, err := cfg.PatchV1Alpha1(func(c *v1alpha1.Config) error {
		kubelet := c.MachineConfig.MachineKubelet
		name, _, tagged := cutLast(kubelet.KubeletImage, ":")
		if !tagged {
			return fmt.Errorf("machine.kubelet.image: %q has no tag", kubelet.KubeletImage)
		}
		kubelet.KubeletImage = name + ":" + release
		return nil
	})
	if err != nil {
		return nil, err
	}
	return held.EncodeBytes(encoder.WithComments(encoder.CommentsDisabled))
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// prefetch has every node of a new Kubernetes fetch its images before anything is
// changed: a release that its registry does not have touches nothing, and no control
// plane is away for as long as a slow line takes.
func (r *Roll) prefetch(ctx context.Context, p plan) error {
	var fetching sync.WaitGroup
	errs := make([]error, len(p.turns))
	for i, t := range p.turns {
		if t.partly || t.kubelet == "" || t.kubelet == string(t.node.Kubernetes) {
			continue
		}
		fetching.Go(func() { errs[i] = r.prefetchOne(ctx, t.node) })
	}
	fetching.Wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("nothing was touched, because images cannot be fetched:\n%w", err)
	}
	return nil
}

func (r *Roll) prefetchOne(ctx context.Context, node Node) error {
	machine, err := r.machine(node)
	if err != nil {
		return err
	}
	cfg, err := configloader.NewFromBytes(node.Config)
	if err != nil {
		return within(node, err)
	}
	ctx, cancel := context.WithTimeout(ctx, r.limits.Return)
	defer cancel()
	for _, image := range imagesOf(cfg, node.ControlPlane) {
		if err := machine.Pull(ctx, image); err != nil {
			return within(node, fmt.Errorf("image %s: %w", image, err))
		}
	}
	return nil
}

// imagesOf are those of a node that have the release of Kubernetes.
func imagesOf(cfg config.Provider, controlPlane bool) []string {
	images := []string{cfg.Machine().Kubelet().Image()}
	if controlPlane {
		cluster := cfg.Cluster()
		images = append(images, cluster.APIServer().Image(), cluster.ControllerManager().Image(), cluster.Scheduler().Image())
	}
	return images
}
