package roll

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// exchange is a machine's turn in a step of the rotation of the Kubernetes CA. Talos takes the new config at once, and
// then issues certificates, restarts the static pods and the kubelet, each when its controller comes to it
// (https://github.com/siderolabs/talos/tree/v1.14.1/internal/app/machined/pkg/controllers/k8s). The machine is there all
// the time, so what was asked before the change does not tell whether it has happened.
type exchange struct {
	// issuing is the certificate of the authority that signs what a control plane shows; empty on a worker.
	issuing string
	// changes says that the machine's authorities are others; one may have changed in a run that was killed.
	changes bool
	// issues says that the API servers change to certificates of another authority, one after the other.
	issues bool
	// last says that no other control plane changes to them after this one.
	last bool
	// refused are the nodes that may not be ready before their own turn: their kubelets show certificates of an authority
	// that the API servers drop.
	refused map[string]bool
}

// excuses says that a node need not be ready now. Without an exchange every node has to be.
func (e *exchange) excuses(name string) bool { return e != nil && e.refused[name] }

// cutsOff says that pods which have read the former authority cannot reach the API during the step, and so neither repair
// storage nor tell of it.
func (e *exchange) cutsOff() bool { return e != nil && e.issues }

// generation is by what is seen that a machine's part of Kubernetes started anew.
type generation struct {
	// secrets are the versions of the secrets with which the static pods run that are ready, by component.
	secrets map[string]string
	// kubelet is when its service last started.
	kubelet time.Time
}

func (r *Roll) generation(ctx context.Context, machine Machine, node Node) (g generation, err error) {
	if g.kubelet, err = machine.KubeletStarted(ctx); err != nil || !node.ControlPlane {
		return g, err
	}
	cluster, err := r.connect(ctx)
	if err != nil {
		return g, err
	}
	g.secrets, err = cluster.SecretsOf(ctx, node.Name)
	return g, err
}

// exchange gives a machine its config with other authorities of Kubernetes, and returns when its static pods and its kubelet
// work with them.
func (r *Roll) exchange(ctx context.Context, machine Machine, node Node) error {
	var was generation
	err := r.wait(ctx, node.Name, "a look at what runs on it", r.limits.Healthy, func(ctx context.Context) (err error) {
		was, err = r.generation(ctx, machine, node)
		return err
	})
	if err != nil {
		return err
	}
	if err := r.apply(ctx, machine, node); err != nil {
		return err
	}
	err = r.wait(ctx, node.Name, "its part of Kubernetes to start with the new authorities", r.limits.Settle, func(ctx context.Context) error {
		is, err := r.generation(ctx, machine, node)
		if err != nil {
			return err
		}
		return is.follows(was, node)
	})
	if err != nil {
		return err
	}
	return r.reports(ctx, node)
}

// follows is nil when everything has started anew since then.
func (g generation) follows(was generation, node Node) error {
	var errs []error
	if !g.kubelet.After(was.kubelet) {
		errs = append(errs, errors.New("its kubelet has not started anew yet"))
	}
	if node.ControlPlane {
		for _, component := range components {
			switch secrets := g.secrets[component]; secrets {
			case "":
				errs = append(errs, fmt.Errorf("its %s is not ready", component))
			case was.secrets[component]:
				errs = append(errs, fmt.Errorf("its %s still runs with the former secrets", component))
			}
		}
	}
	return errors.Join(errs...)
}

// told waits until pods that start are told of the authority that issues now: the controller manager that leads may be one
// that has ended, and its place free for a while. Who restarts pods before that gives them the former again.
func (r *Roll) told(ctx context.Context, node Node, e *exchange) error {
	return r.wait(ctx, node.Name, "pods to be told of the authority that issues", r.limits.Settle, func(ctx context.Context) error {
		cluster, err := r.connect(ctx)
		if err != nil {
			return err
		}
		tells, err := cluster.PodsTrust(ctx)
		switch {
		case err != nil:
			return err
		case strings.TrimSpace(tells) != strings.TrimSpace(e.issuing):
			return errors.New("kube-root-ca.crt has another one still")
		}
		return nil
	})
}

// reports waits until the kubelet that has started has told of itself: a node is ready for a while after the last word of
// the one before.
func (r *Roll) reports(ctx context.Context, node Node) error {
	var first time.Time
	return r.wait(ctx, node.Name, "its kubelet to report", r.limits.Settle, func(ctx context.Context) error {
		cluster, err := r.connect(ctx)
		if err != nil {
			return err
		}
		renewed, err := cluster.Heartbeat(ctx, node.Name)
		switch {
		case err != nil:
			return err
		case first.IsZero():
			first = renewed
			fallthrough
		case !renewed.After(first):
			return errors.New("it has not renewed its lease since its kubelet started")
		}
		return nil
	})
}
