package roll

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/home-ops/home-ops/internal/await"
	"github.com/home-ops/home-ops/spec"
)

// before waits until the cluster bears the change: every other node is there, etcd and
// the API do without a control plane, and, when the node goes down, storage does too.
func (r *Roll) before(ctx context.Context, t turn, action Action) error {
	node := t.node
	return r.wait(ctx, node.Name, "the cluster to bear its change", r.limits.Healthy, func(ctx context.Context) error {
		cluster, err := r.connect(ctx)
		if err != nil {
			return err
		}
		if !t.partly && newMinor(t.kubelet, node.Kubernetes) {
			if err := r.apiServersFirst(ctx, cluster, node); err != nil {
				return err
			}
		}
		errs := []error{r.othersReady(ctx, cluster, node, t.exchange)}
		if node.ControlPlane {
			errs = append(errs, r.etcd(ctx).bearsLoss(node.Name), r.apiElsewhere(ctx, cluster, node))
		}
		if action.GoesDown() {
			errs = append(errs, r.storage(ctx, cluster, node))
		}
		if action == Reinstall {
			if err := nothingOnVar(ctx, cluster, node); err != nil {
				return err
			}
		}
		return errors.Join(errs...)
	})
}

// apiServersFirst stops a kubelet that would be newer than an API server.
func (r *Roll) apiServersFirst(ctx context.Context, cluster Cluster, node Node) error {
	for _, plane := range r.all {
		if !plane.ControlPlane || r.isNew(plane) {
			continue
		}
		running, err := cluster.ControlPlane(ctx, plane.Name)
		if err != nil {
			return err
		}
		release := running["kube-apiserver"]
		if release != "" && spec.Version(release).Minor() != node.Kubernetes.Minor() {
			return await.Stop{Err: fmt.Errorf("the kubelet %s would be newer than the API server of %s (%s): change the control planes too, "+
				"without --target, and with --parallel of at least their number", node.Kubernetes, plane.Name, release)}
		}
	}
	return nil
}

// othersReady is nil when no other node is away: two at once are more than redundancy
// is made for. One that an exchange excuses is as alive as its etcd and its API server, which are looked at, too.
func (r *Roll) othersReady(ctx context.Context, cluster Cluster, node Node, with *exchange) error {
	var errs []error
	for _, other := range r.all {
		if other.Name == node.Name || r.isNew(other) || with.excuses(other.Name) {
			continue
		}
		state, err := cluster.Node(ctx, other.Name)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("node %s: %w", other.Name, err))
		case !state.Ready:
			errs = append(errs, fmt.Errorf("node %s is not ready (%s): repair it, or take it out of the stack", other.Name, state.Why))
		}
	}
	return errors.Join(errs...)
}

// isNew says that a node is being added by this very run.
func (r *Roll) isNew(node Node) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.added[node.Name]
}

// apiElsewhere is nil when the API servers of all other control planes answer.
func (r *Roll) apiElsewhere(ctx context.Context, cluster Cluster, node Node) error {
	var errs []error
	for _, other := range r.all {
		if !other.ControlPlane || other.Name == node.Name || r.isNew(other) {
			continue
		}
		if err := cluster.APIReady(ctx, other); err != nil {
			errs = append(errs, fmt.Errorf("the API server of %s: %w", other.Name, err))
		}
	}
	return errors.Join(errs...)
}

// rejoins waits until Kubernetes and etcd have the node back, and gives it pods again.
func (r *Roll) rejoins(ctx context.Context, machine Machine, t turn) error {
	node := t.node
	return r.wait(ctx, node.Name, "Kubernetes to have it back", r.limits.Settle, func(ctx context.Context) error {
		is, err := machine.Running(ctx)
		switch {
		case err != nil:
			return err
		case !is.Ready:
			return errors.New(is.Unmet)
		}
		cluster, err := r.connect(ctx)
		if err != nil {
			return err
		}
		var errs []error
		if node.ControlPlane {
			errs = append(errs, r.etcd(ctx).bearsLoss(""), cluster.APIReady(ctx, node), runsControlPlane(ctx, cluster, node))
			if t.exchange != nil {
				errs = append(errs, cluster.Shows(ctx, node, []byte(t.exchange.issuing)))
			}
		}
		state, err := cluster.Node(ctx, node.Name)
		switch {
		case err != nil:
			errs = append(errs, err)
		case state.BootID != is.BootID:
			errs = append(errs, errors.New("its kubelet has not reported since the boot"))
		case !state.Ready:
			errs = append(errs, fmt.Errorf("it is not ready: %s", state.Why))
		case state.Kubelet != string(node.Kubernetes) && !t.partly:
			errs = append(errs, fmt.Errorf("its kubelet is %s, not %s", state.Kubelet, node.Kubernetes))
		}
		if err := errors.Join(errs...); err != nil {
			return err
		}
		return uncordon(ctx, cluster, node, state)
	})
}

// after waits until the cluster has the node back, and storage is whole. What storage says of the time before a machine went
// down is not believed after it.
func (r *Roll) after(ctx context.Context, machine Machine, t turn, wentDown bool) error {
	node := t.node
	if err := r.rejoins(ctx, machine, t); err != nil {
		return err
	}
	if t.exchange.cutsOff() {
		if t.exchange.last {
			return r.told(ctx, node, t.exchange)
		}
		return nil
	}
	before := ""
	return r.wait(ctx, node.Name, "the storage to be whole", r.limits.Storage, func(ctx context.Context) error {
		cluster, err := r.connect(ctx)
		if err != nil {
			return err
		}
		checked, err := cluster.StorageChecked(ctx)
		if err != nil {
			return err
		}
		before = cmp.Or(before, checked)
		if wentDown && checked != "" && checked == before {
			return errors.New("no look of Ceph at itself since then")
		}
		return r.storage(ctx, cluster, node)
	})
}

// storage is nil when all data have all of their copies. It is asked while no node of this run is drained, so that one which this
// program has cordoned is of a run that was killed. Pods that storage needs may belong there and nowhere else, so that it gets
// them back before it has its turn.
func (r *Roll) storage(ctx context.Context, cluster Cluster, node Node) error {
	for _, each := range append([]Node{node}, r.all...) {
		state, err := cluster.Node(ctx, each.Name)
		if err != nil {
			continue // whether every node is there is asked elsewhere
		}
		if err := uncordon(ctx, cluster, each, state); err != nil {
			return fmt.Errorf("%s: uncordon: %w", each.Name, err)
		}
	}
	return cluster.Storage(ctx)
}

// uncordon takes back what this program did, in this run or in one that was
// interrupted, and nothing that a person did.
func uncordon(ctx context.Context, cluster Cluster, node Node, state NodeState) error {
	if !state.ByUs {
		return nil
	}
	return cluster.Uncordon(ctx, node.Name)
}

// components are the static pods of a control plane.
var components = []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler"}

// runsControlPlane is nil when the node's static pods are ready at its release.
func runsControlPlane(ctx context.Context, cluster Cluster, node Node) error {
	running, err := cluster.ControlPlane(ctx, node.Name)
	if err != nil {
		return err
	}
	var errs []error
	for _, component := range components {
		switch release := running[component]; release {
		case string(node.Kubernetes):
		case "":
			errs = append(errs, fmt.Errorf("its %s is not ready", component))
		default:
			errs = append(errs, fmt.Errorf("its %s is %s, not %s", component, release, node.Kubernetes))
		}
	}
	return errors.Join(errs...)
}
