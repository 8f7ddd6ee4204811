package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/compatibility"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/validation"
)

// validateHere is Talos's check of a config against the machine: its hardware, and the release that it runs.
func (s *session) validateHere(ctx context.Context, cfg config.Provider, mode validation.RuntimeMode) ([]string, error) {
	warnings, err := cfg.RuntimeValidate(ctx, s.resources, mode)
	return warnings, errors.Join(err, supportedKubernetes(cfg, s.version()))
}

// supportedKubernetes holds each image of Kubernetes against a release of Talos.
func supportedKubernetes(cfg config.Provider, talos string) error {
	if cfg.Machine() == nil || cfg.K8sKubeletConfig() == nil {
		return nil // a part of a config, to which the rest comes later
	}
	release, err := compatibility.ParseTalosVersion(&machineapi.VersionInfo{Tag: talos})
	if err != nil {
		return err
	}
	images := map[string]string{"kubelet": cfg.K8sKubeletConfig().Image()}
	if cfg.Machine().Type().IsControlPlane() {
		images["kube-apiserver"] = cfg.K8sAPIServerConfig().Image()
		images["kube-controller-manager"] = cfg.K8sControllerManagerConfig().Image()
		images["kube-scheduler"] = cfg.K8sSchedulerConfig().Image()
	}
	var errs []error
	for name, image := range images {
		_, tag, found := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
		tag, _, _ = strings.Cut(tag, "@")
		version, err := compatibility.ParseKubernetesVersion(strings.TrimPrefix(tag, "v"))
		if !found || err != nil {
			continue // an image without a release is what Talos takes as it is
		}
		if err := version.SupportedWith(release); err != nil {
			errs = append(errs, fmt.Errorf("%s image is not valid: %w", name, err))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}
