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
	"github.com/siderolabs/talos/pkg/machinery/config/types/k8s"
)

// withKubelet is a config whose kubelet is of another release: that which runs, while
// the control plane becomes newer.
func withKubelet(raw []byte, release string) ([]byte, error) {
	cfg, err := configloader.NewFromBytes(raw)
	if err != nil {
		return nil, err
	}
	held := cfg.Clone()
	image, err := kubeletImage(held)
	if err != nil {
		return nil, err
	}
	name, _, tagged := cutLast(*image, ":")
	if !tagged {
		return nil, fmt.Errorf("the kubelet's image %q has no tag", *image)
	}
	*image = name + ":" + release
	return held.EncodeBytes(encoder.WithComments(encoder.CommentsDisabled))
}

// kubeletImage is the place of the kubelet's image: a document of its own from contract
// v1.14 on, the main document before.
func kubeletImage(cfg config.Provider) (*string, error) {
	for _, document := range cfg.Documents() {
		if kubelet, ok := document.(*k8s.KubeletConfigV1Alpha1); ok {
			return &kubelet.KubeletImage, nil
		}
	}
	if main := cfg.RawV1Alpha1(); main != nil && main.MachineConfig != nil && main.MachineConfig.MachineKubelet != nil {
		return &main.MachineConfig.MachineKubelet.KubeletImage, nil
	}
	return nil, errors.New("the machine configuration names no kubelet")
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
	images := []string{cfg.K8sKubeletConfig().Image()}
	if controlPlane {
		images = append(images,
			cfg.K8sAPIServerConfig().Image(), cfg.K8sControllerManagerConfig().Image(), cfg.K8sSchedulerConfig().Image())
	}
	return images
}
