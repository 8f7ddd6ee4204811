package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/semver"

	"github.com/home-ops/home-ops/rack/kube/kubelet"
	"github.com/home-ops/home-ops/rack/room"
	"github.com/home-ops/home-ops/rack/scenario"
	"github.com/home-ops/home-ops/spec"
)

// begin gives the room's stack file the releases that the scenario makes the cluster with, and aims at those that it ends with.
func (r *rehearsal) begin() error {
	chosen, err := scenario.Find(r.config.Scenario)
	if err != nil {
		return err
	}
	if chosen.Raises == "" {
		return nil
	}
	first, last, err := chosen.Way(r.aim)
	if err != nil {
		return err
	}
	r.aim = last
	// It is validated by the program: the secrets that it names are not in the file yet.
	text, stack, err := r.changed(releasesOf(first))
	if err != nil {
		return err
	}
	return r.take(text, stack)
}

// releasesOf writes the releases of a cluster into a stack file.
func releasesOf(cluster spec.Cluster) func(config map[string]any) error {
	return func(config map[string]any) error {
		return errors.Join(
			clusterKey("talosVersion", string(cluster.TalosVersion))(config),
			clusterKey("talosContract", string(cluster.TalosContract))(config),
			clusterKey("kubernetesVersion", string(cluster.KubernetesVersion))(config),
		)
	}
}

// upgradeKubernetes raises the cluster to the other Kubernetes of the scenario.
func upgradeKubernetes(ctx context.Context, r *rehearsal) error {
	return r.upgrade(ctx, rollStep{
		name: fmt.Sprintf("Kubernetes %s to %s", r.stack.Cluster.KubernetesVersion, r.aim.KubernetesVersion),
		edit: clusterKey("kubernetesVersion", string(r.aim.KubernetesVersion)), down: nobody, restarts: true,
	})
}

// upgradeTalos raises the machines to the other Talos of the scenario. The contract stays, as it does for an owner.
func upgradeTalos(ctx context.Context, r *rehearsal) error {
	return r.upgrade(ctx, rollStep{
		name: fmt.Sprintf("Talos %s to %s", r.stack.Cluster.TalosVersion, r.aim.TalosVersion),
		edit: clusterKey("talosVersion", string(r.aim.TalosVersion)), down: everybody,
	})
}

func (r *rehearsal) upgrade(ctx context.Context, step rollStep) error {
	return r.inUse(ctx, leastWrites, func(c *cluster, _ marks) error {
		return r.phase("upgrade", "pulumi up with "+step.name, func() error { return r.rollOnce(ctx, c, step) })
	})
}

// nobody goes down for a change that running machines take on.
func nobody(*spec.Stack, *spec.Stack) []string { return nil }

// everybody goes down for another image.
func everybody(_, after *spec.Stack) []string {
	var names []string
	for _, n := range after.Nodes {
		names = append(names, n.Name)
	}
	slices.Sort(names)
	return names
}

// pullKubernetes answers for the registries of Kubernetes's images: they have the minor releases that the room can run.
func pullKubernetes(config *room.Config, ref string) error {
	if !strings.HasPrefix(ref, "registry.k8s.io/kube-") && !strings.HasPrefix(ref, "ghcr.io/siderolabs/kubelet:") {
		return nil
	}
	tag := kubelet.ImageTag(ref)
	for _, release := range config.ControlPlanes {
		if semver.MajorMinor(release.Version) == semver.MajorMinor(tag) {
			return nil
		}
	}
	return fmt.Errorf("failed to resolve image %q: not found", ref)
}

// runsKubernetes compares a machine's static pods and kubelet with the stack file.
func (r *rehearsal) runsKubernetes(m *machine) error {
	applied := m.Applied()
	images := []string{applied.K8sKubeletConfig().Image()}
	if m.spec.IsControlPlane() {
		images = append(images, applied.K8sAPIServerConfig().Image(), applied.K8sControllerManagerConfig().Image(), applied.K8sSchedulerConfig().Image())
	}
	var errs []error
	for _, image := range images {
		if got, want := kubelet.ImageTag(image), string(r.stack.Cluster.KubernetesVersion); got != want {
			errs = append(errs, fmt.Errorf("%s: %s is not of %s", m.spec.Name, image, want))
		}
	}
	return errors.Join(errs...)
}
