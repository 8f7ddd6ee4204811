package roll

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
)

// trust is what a config says of the authorities of the Talos API.
type trust struct {
	// issuing is the certificate of the one by which a control plane signs its own certificates, and those of workers.
	// Empty on a worker.
	issuing string
	// accepted are the certificates of all that are believed, sorted.
	accepted []string
}

func (t trust) equal(other trust) bool {
	return t.issuing == other.issuing && slices.Equal(t.accepted, other.accepted)
}

func (t trust) believes(issuing string) bool {
	return issuing == "" || slices.Contains(t.accepted, issuing)
}

func trustOf(cfg config.Provider) (t trust) {
	if cfg.Machine() == nil {
		return t
	}
	security := cfg.Machine().Security()
	for _, ca := range security.AcceptedCAs() {
		t.accepted = append(t.accepted, string(ca.Crt))
	}
	if ca := security.IssuingCA(); ca != nil {
		t.accepted = append(t.accepted, string(ca.Crt))
		if len(ca.Key) > 0 {
			t.issuing = string(ca.Crt)
		}
	}
	slices.Sort(t.accepted)
	return t
}

// rotation is whether nodes get other authorities, and an error when the machines as they are cannot take that step one
// after the other. What the stack file says of the step before is not enough: that step may not have come to its end.
// The bare are those that get their config for the first time, or again.
func (r *Roll) rotation(ctx context.Context, nodes, bare []Node) (bool, error) {
	present, wanted := map[string]trust{}, map[string]trust{}
	rotates := false
	for _, node := range nodes {
		is, err := r.presentTrust(ctx, node)
		if err != nil {
			return false, err
		}
		cfg, err := configloader.NewFromBytes(node.Config)
		if err != nil {
			return false, within(node, err)
		}
		should := trustOf(cfg)
		present[node.Name], wanted[node.Name] = is, should
		rotates = rotates || !is.equal(should)
	}
	if !rotates {
		return false, nil
	}
	for _, node := range r.all {
		_, known := present[node.Name]
		isBare := slices.ContainsFunc(bare, func(n Node) bool { return n.Name == node.Name })
		if known || isBare || r.isNew(node) {
			continue
		}
		is, err := r.presentTrust(ctx, node)
		if err != nil {
			return false, err
		}
		present[node.Name] = is
	}
	return true, r.bearsRotation(present, wanted)
}

func (r *Roll) presentTrust(ctx context.Context, node Node) (trust, error) {
	machine, err := r.machine(node)
	if err != nil {
		return trust{}, err
	}
	ctx, done := context.WithTimeout(ctx, r.limits.Attempt)
	defer done()
	cfg, err := presentConfig(ctx, machine)
	if err != nil {
		return trust{}, within(node, err)
	}
	return trustOf(cfg), nil
}

// unfinished is how to go on when a step of a rotation was begun before the one before it had ended.
const unfinished = "set cluster.talosCA back to the step before, and run `pulumi up` to its end (docs/runbooks/rotate.md)"

// bearsRotation is nil when, at any moment of the roll, every machine accepts what any control plane issues, and when
// workers come after the control planes: those sign their certificates, and tell them whom to accept.
func (r *Roll) bearsRotation(present, wanted map[string]trust) error {
	var errs []error
	for _, node := range r.all {
		want, changes := wanted[node.Name]
		if !changes {
			continue
		}
		for _, other := range r.all {
			is, there := present[other.Name]
			switch {
			case !there:
			case !is.believes(want.issuing):
				errs = append(errs, fmt.Errorf("%s would issue certificates of an authority that %s does not accept yet: %s", node.Name, other.Name, unfinished))
			case !want.believes(is.issuing):
				errs = append(errs, fmt.Errorf("%s would not accept the authority by which %s still issues certificates: %s", node.Name, other.Name, unfinished))
			}
			_, alongside := wanted[other.Name]
			if there && !node.ControlPlane && other.ControlPlane && !alongside && !slices.Equal(is.accepted, want.accepted) {
				errs = append(errs, fmt.Errorf("%s gets its certificate, and whom to accept, from the control planes, and %s has not changed yet: "+
					"change it too, without --target, and with --parallel of at least the number of nodes", node.Name, other.Name))
			}
		}
	}
	return errors.Join(errs...)
}
