package roll

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Member is a member of etcd, as the cluster's list and the member's own machine tell of it.
type Member struct {
	ID   uint64
	Name string
	// Learner has no vote yet.
	Learner bool
}

// MemberStatus is what a control plane says of its own etcd.
type MemberStatus struct {
	ID uint64
	// Leader is the member that it takes for the leader, 0 for none.
	Leader  uint64
	Learner bool
	// Errors are its alarms.
	Errors []string
}

// etcdState is etcd as all control planes together tell of it.
type etcdState struct {
	// planes are the control planes of the stack, leaving those that have left it.
	planes  []string
	leaving []string
	members []Member
	// unlisted is why no control plane tells the members.
	unlisted error
	// statuses are by the control plane's name; one that does not answer has an error.
	statuses map[string]MemberStatus
	problems map[string]error
}

// leader is the name of the control plane that leads, empty for none.
func (e etcdState) leader() string {
	for name, s := range e.statuses {
		if s.Leader != 0 && s.Leader == s.ID {
			return name
		}
	}
	return ""
}

// bearsLoss is nil when every member but the one on down works, so that the others keep
// the quorum, or, of two or one, so that nothing is lost but time. An empty down asks
// for all.
func (e etcdState) bearsLoss(down string) error {
	var errs []error
	leaders := map[uint64]bool{}
	for _, name := range e.planes {
		if name == down {
			continue
		}
		status, answered := e.statuses[name]
		switch {
		case !answered:
			errs = append(errs, fmt.Errorf("etcd on %s does not answer: %w", name, e.problems[name]))
		case status.Learner:
			errs = append(errs, fmt.Errorf("etcd on %s is still a learner", name))
		case status.Leader == 0:
			errs = append(errs, fmt.Errorf("etcd on %s knows no leader", name))
		case len(status.Errors) > 0:
			errs = append(errs, fmt.Errorf("etcd on %s: %v", name, status.Errors))
		default:
			leaders[status.Leader] = true
		}
	}
	if len(leaders) > 1 {
		errs = append(errs, errors.New("etcd's members do not agree on the leader"))
	}
	if len(e.members) == 0 && e.unlisted != nil {
		errs = append(errs, fmt.Errorf("etcd's members are not known: %w", e.unlisted))
	}
	for _, m := range e.members {
		if !slices.Contains(e.planes, m.Name) && !slices.Contains(e.leaving, m.Name) {
			errs = append(errs, fmt.Errorf("etcd has a member %s that is no control plane of this stack, and counts for "+
				"the quorum: remove it with `talosctl etcd remove-member %016x`", m.Name, m.ID))
		}
	}
	return errors.Join(errs...)
}

// handOver has another member lead etcd before the leader goes down, which takes milliseconds. A leader that is just
// stopped may cost an election, and all writes wait for it.
func (r *Roll) handOver(ctx context.Context, machine Machine, node Node) error {
	return r.wait(ctx, node.Name, "another leader of etcd", r.limits.Healthy, func(ctx context.Context) error {
		state := r.etcd(ctx)
		if len(state.planes) < 2 || state.leader() != node.Name {
			return nil
		}
		if err := machine.ForfeitLeadership(ctx); err != nil {
			return err
		}
		return errors.New("it has been asked to hand over")
	})
}

// EtcdWell is nil when every member of etcd works, and all have one leader. It asks the machines alone, so that it tells of
// a cluster whose API is away, too. The error has a line for each member that does not work, and one more without a quorum.
func (r *Roll) EtcdWell(ctx context.Context) error {
	state := r.etcd(ctx)
	return errors.Join(state.quorate(), state.bearsLoss(""))
}

// quorate is nil when enough members have a leader for writes to be taken.
func (e etcdState) quorate() error {
	led := 0
	for _, s := range e.statuses {
		if s.Leader != 0 && !s.Learner {
			led++
		}
	}
	all := len(e.planes)
	if len(e.members) > 0 {
		all = 0
		for _, m := range e.members {
			if !m.Learner {
				all++
			}
		}
	}
	if need := all/2 + 1; led < need {
		return fmt.Errorf("etcd has no quorum: %d of %d members have a leader, and %d are needed; nothing is written until then", led, all, need)
	}
	return nil
}

// etcd asks every control plane but those that this run adds and that do not answer yet.
func (r *Roll) etcd(ctx context.Context) etcdState {
	r.mu.Lock()
	state := etcdState{leaving: r.leaving, statuses: map[string]MemberStatus{}, problems: map[string]error{}}
	r.mu.Unlock()
	var planes []Node
	for _, node := range r.all {
		if node.ControlPlane {
			planes = append(planes, node)
		}
	}
	machines, statuses, errs := make([]Machine, len(planes)), make([]MemberStatus, len(planes)), make([]error, len(planes))
	// All at once: one that is off takes the whole time.
	var asking sync.WaitGroup
	for i, node := range planes {
		asking.Go(func() {
			if machines[i], errs[i] = r.machine(node); errs[i] == nil {
				statuses[i], errs[i] = machines[i].EtcdStatus(ctx)
			}
		})
	}
	asking.Wait()
	for i, node := range planes {
		switch {
		case errs[i] == nil:
			state.statuses[node.Name] = statuses[i]
		case r.isNew(node):
			continue
		default:
			state.problems[node.Name] = errs[i]
		}
		state.planes = append(state.planes, node.Name)
		// One without a leader has a list that may be old, and is silent for seconds instead of telling it.
		if errs[i] == nil && statuses[i].Leader != 0 && len(state.members) == 0 {
			state.members, state.unlisted = machines[i].EtcdMembers(ctx)
		}
	}
	return state
}
