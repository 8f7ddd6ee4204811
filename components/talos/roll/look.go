package roll

import (
	"context"
	"errors"
	"fmt"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"

	"github.com/home-ops/home-ops/internal/await"
	"github.com/home-ops/home-ops/spec"
)

// sight is what was seen of a node.
type sight struct {
	running Running
	action  Action
	// effect is what the machine says that its config would do.
	effect Effect
	// kubelet is the release that runs; empty while Kubernetes does not know the node.
	kubelet string
	// at is where it waits for its config.
	at whereabouts
}

func (s sight) newKubernetes(node Node) bool {
	return s.kubelet != "" && s.kubelet != string(node.Kubernetes)
}

// look asks a node what it runs and decides what is to be done. A machine that does not
// answer may be on its way back from an interrupted run.
func (r *Roll) look(ctx context.Context, node Node) (sight, error) {
	machine, err := r.machine(node)
	if err != nil {
		return sight{}, err
	}
	var s sight
	err = r.wait(ctx, node.Name, "its Talos API", r.limits.Return, func(ctx context.Context) (err error) {
		s.running, err = r.half(ctx, machine)
		if err == nil && !s.running.Maintenance {
			return nil
		}
		s.at, err = r.locate(ctx, node, s.running, err)
		s.running.Maintenance = err == nil
		if unseen := (UnseenError{}); err != nil && !errors.As(err, &unseen) {
			return await.Stop{Err: err}
		}
		return err
	})
	if err != nil || s.running.Maintenance {
		s.action = Configure
		return s, err
	}
	var detail string
	if s.effect, detail, err = machine.DryRun(ctx, node.Config); err != nil {
		return sight{}, fmt.Errorf("%s: what the config would do: %w", node.Name, err)
	}
	if s.running.Reinstall, err = reinstalled(ctx, machine, node); err != nil {
		return sight{}, within(node, err)
	}
	if s.action, err = Decide(node, s.running, s.effect); err != nil {
		if detail != "" {
			err = fmt.Errorf("%w: %s", err, detail)
		}
		return sight{}, err
	}
	cluster, err := r.connect(ctx)
	if err == nil {
		// Without an API it is not known; the gates before the first change wait for it.
		if state, err := cluster.Node(ctx, node.Name); err == nil {
			s.kubelet = state.Kubelet
		}
	}
	if err := spec.CheckStep("Kubernetes", spec.Version(s.kubelet), node.Kubernetes); err != nil {
		return sight{}, fmt.Errorf("%s runs the kubelet %s: %w", node.Name, s.kubelet, err)
	}
	if s.action == Reinstall {
		err = r.canReinstall(ctx, machine, node, s)
	}
	return s, err
}

// newMinor says that Kubernetes goes up by a minor: then a kubelet has to wait for
// every API server.
func newMinor(old string, wanted spec.Version) bool {
	return old != "" && spec.Version(old).Minor() != wanted.Minor()
}

// presentConfig is the config that a machine runs with.
func presentConfig(ctx context.Context, machine Machine) (config.Provider, error) {
	raw, err := machine.Config(ctx)
	if err == nil {
		var cfg config.Provider
		if cfg, err = configloader.NewFromBytes(raw); err == nil {
			return cfg, nil
		}
	}
	return nil, fmt.Errorf("its present config: %w", err)
}
