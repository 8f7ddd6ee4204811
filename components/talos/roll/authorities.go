package roll

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
)

// kind is a kind of authority, each of which is rotated by itself.
type kind struct {
	// key is where the stack file has it.
	key string
	of  func(config.Provider) trust
	// order is an error when two machines, of which the first changes in this batch and the other does not, want the other
	// order.
	order func(node Node, wanted, was trust, other Node, is trust) error
}

var (
	talosCA      = kind{"cluster.talosCA", talosTrust, workersAsk}
	kubernetesCA = kind{"cluster.kubernetesCA", kubernetesTrust, kubeletsAreKnown}
)

// trust is what a config says of the authorities of one kind.
type trust struct {
	// issuing is the certificate of the one by which a control plane signs. Empty on a worker.
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

// drops are those that another trust believes, and this one does not.
func (t trust) drops(of trust) []string {
	return slices.DeleteFunc(slices.Clone(of.accepted), t.believes)
}

func talosTrust(cfg config.Provider) (t trust) {
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

func kubernetesTrust(cfg config.Provider) (t trust) {
	authorities := cfg.K8sAPIServerCAConfig()
	if authorities == nil {
		return t
	}
	for _, ca := range authorities.AcceptedCAs() {
		t.accepted = append(t.accepted, string(ca.Crt))
	}
	if ca := authorities.IssuingCA(); ca != nil {
		t.issuing = string(ca.Crt)
	}
	slices.Sort(t.accepted)
	return t
}

// rotation is what a batch does to authorities.
type rotation struct {
	// planesFirst and workersFirst say which kind of machine changes first; neither where that does not matter.
	planesFirst, workersFirst bool
	// kubernetes is set when an authority of Kubernetes is exchanged: what every machine of the batch believes then.
	kubernetes map[string]trust
	// changes are the machines for which that is another trust.
	changes map[string]bool
	// issues says that other certificates are shown by the API servers.
	issues bool
}

// rotation looks whether nodes get other authorities, and is an error when the machines as they are cannot take that step
// one after the other. What the stack file says of the step before is not enough: that step may not have come to its end.
// The bare are those that get their config for the first time, or again.
func (r *Roll) rotation(ctx context.Context, nodes, bare []Node) (rotation, error) {
	present, wanted := map[string]config.Provider{}, map[string]config.Provider{}
	for _, node := range nodes {
		var err error
		if present[node.Name], err = r.runs(ctx, node); err != nil {
			return rotation{}, err
		}
		if wanted[node.Name], err = configloader.NewFromBytes(node.Config); err != nil {
			return rotation{}, within(node, err)
		}
	}
	rotates := func(k kind) bool {
		return slices.ContainsFunc(nodes, func(n Node) bool { return !k.of(present[n.Name]).equal(k.of(wanted[n.Name])) })
	}
	if !rotates(talosCA) && !rotates(kubernetesCA) {
		return rotation{}, nil
	}
	for _, node := range r.all {
		_, known := present[node.Name]
		isBare := slices.ContainsFunc(bare, func(n Node) bool { return n.Name == node.Name })
		if known || isBare || r.isNew(node) {
			continue
		}
		var err error
		if present[node.Name], err = r.runs(ctx, node); err != nil {
			return rotation{}, err
		}
	}
	turn := rotation{planesFirst: rotates(talosCA)}
	if rotates(kubernetesCA) {
		turn.kubernetes, turn.changes = map[string]trust{}, map[string]bool{}
		for _, node := range nodes {
			is, should := kubernetesTrust(present[node.Name]), kubernetesTrust(wanted[node.Name])
			turn.kubernetes[node.Name], turn.changes[node.Name] = should, !is.equal(should)
			turn.issues = turn.issues || is.issuing != should.issuing
			turn.workersFirst = turn.workersFirst || len(should.drops(is)) > 0
		}
		turn.planesFirst = turn.planesFirst || turn.issues
	}
	var errs []error
	for _, k := range []kind{talosCA, kubernetesCA} {
		if rotates(k) {
			errs = append(errs, r.bearsRotation(k, present, wanted))
		}
	}
	return turn, errors.Join(errs...)
}

// runs is the config that a node runs with.
func (r *Roll) runs(ctx context.Context, node Node) (config.Provider, error) {
	machine, err := r.machine(node)
	if err != nil {
		return nil, err
	}
	ctx, done := context.WithTimeout(ctx, r.limits.Attempt)
	defer done()
	cfg, err := presentConfig(ctx, machine)
	if err != nil {
		return nil, within(node, err)
	}
	return cfg, nil
}

// unfinished is how to go on when a step of a rotation was begun before the one before it had ended.
func (k kind) unfinished() string {
	return "set " + k.key + " back to the step before, and run `pulumi up` to its end (docs/runbooks/rotate.md)"
}

// bearsRotation is nil when, at any moment of the roll, every machine accepts what any control plane issues, and when the
// machines that have to change in one order are all there.
func (r *Roll) bearsRotation(k kind, present, wanted map[string]config.Provider) error {
	var errs []error
	for _, node := range r.all {
		cfg, changes := wanted[node.Name]
		if !changes {
			continue
		}
		want := k.of(cfg)
		for _, other := range r.all {
			cfg, there := present[other.Name]
			if !there {
				continue
			}
			is := k.of(cfg)
			switch {
			case !is.believes(want.issuing):
				errs = append(errs, fmt.Errorf("%s would issue certificates of an authority that %s does not accept yet: %s", node.Name, other.Name, k.unfinished()))
			case !want.believes(is.issuing):
				errs = append(errs, fmt.Errorf("%s would not accept the authority by which %s still issues certificates: %s", node.Name, other.Name, k.unfinished()))
			}
			if _, alongside := wanted[other.Name]; !alongside {
				errs = append(errs, k.order(node, want, k.of(present[node.Name]), other, is))
			}
		}
	}
	return errors.Join(errs...)
}

// changeToo is how to have all machines change in one update.
const changeToo = "change it too, without --target, and with --parallel of at least the number of nodes"

// workersAsk has workers come after the control planes: those sign their certificates, and tell them whom to accept.
func workersAsk(node Node, wanted, _ trust, other Node, is trust) error {
	if node.ControlPlane || !other.ControlPlane || slices.Equal(is.accepted, wanted.accepted) {
		return nil
	}
	return fmt.Errorf("%s gets its certificate, and whom to accept, from the control planes, and %s has not changed yet: %s", node.Name, other.Name, changeToo)
}

// kubeletsAreKnown has no machine be left behind when an authority is dropped: its kubelet may have a certificate of it,
// which it replaces in its own turn. Until then an API server that has changed refuses it.
func kubeletsAreKnown(node Node, wanted, was trust, other Node, is trust) error {
	dropped := wanted.drops(was)
	if !node.ControlPlane || !slices.ContainsFunc(dropped, func(ca string) bool { return slices.Contains(is.accepted, ca) }) {
		return nil
	}
	return fmt.Errorf("%s would refuse the kubelet of %s, which may have a certificate of the authority that is dropped: %s", node.Name, other.Name, changeToo)
}

// of is what the rotation means for the turn of a node; the late are those whose turns come after it.
func (t rotation) of(node Node, late []Node) *exchange {
	trust, exchanged := t.kubernetes[node.Name]
	if !exchanged {
		return nil
	}
	e := &exchange{issuing: trust.issuing, changes: t.changes[node.Name], issues: t.issues, last: node.ControlPlane, refused: map[string]bool{}}
	for _, other := range late {
		e.last = e.last && !other.ControlPlane
		e.refused[other.Name] = t.workersFirst
	}
	return e
}
