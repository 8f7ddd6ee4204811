package longhorn

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// glance is how often it looks although nothing changed: replicas are whole after a time.
const glance = time.Second

// Controller plays Longhorn's manager. It acts while the deployer of its driver runs, as the driver does. Engines says why a node
// runs no program that Longhorn puts below /var there; nil where it does.
func Controller(down cluster.Down, engines func(node string) error) cluster.Controller {
	return cluster.Controller{
		Name: "longhorn-manager", Operators: []string{"longhorn-driver-deployer"},
		Kinds: []cluster.Kind{cluster.Nodes, cluster.Claims, cluster.Volumes, cluster.StorageClasses, Volumes, Replicas, Nodes},
		Every: glance,
		Pass: func(ctx context.Context, c *cluster.Cluster, pods []cluster.Pod) error {
			if !c.Serves(Volumes) || !c.Serves(Replicas) || !c.Serves(Nodes) {
				return nil
			}
			p := &pass{
				Cluster: c, ctx: ctx, namespace: pods[0].Namespace, now: time.Now().UTC().Truncate(time.Second),
				serving: c.Serving(down), engines: engines, hosts: map[string]host{},
			}
			return errors.Join(p.nodes(), p.volumes())
		},
	}
}

// pass is one look at everything.
type pass struct {
	*cluster.Cluster
	ctx       context.Context
	namespace string
	now       time.Time
	// serving are the nodes on which replicas and engines run; hosts are all nodes.
	serving map[string]*corev1.Node
	engines func(node string) error
	hosts   map[string]host
}

// nodes registers the nodes.
func (p *pass) nodes() error {
	var errs []error
	for _, item := range cluster.Read[corev1.Node](p.Cluster, cluster.Nodes) {
		n := item.Typed
		h := host{stores: n.Labels[diskLabel] != "" && !n.Spec.Unschedulable}
		ready := condition{Type: "Ready", Status: corev1.ConditionFalse, Reason: "KubernetesNodeNotReady"}
		if p.serving[n.Name] != nil {
			ready = condition{Type: "Ready", Status: corev1.ConditionTrue}
			if err := p.engines(n.Name); err != nil {
				// No engine and no replica starts there, which Longhorn tells in its instance manager's log alone.
				p.Log.Warn("no engine starts", "node", n.Name, "why", err)
			} else {
				// A kubelet that reports no boot has had one.
				h.boot = cmp.Or(n.Status.NodeInfo.BootID, string(n.UID))
			}
		}
		p.hosts[n.Name] = h
		errs = append(errs, p.register(n.Name, ready))
	}
	for _, object := range p.List(Nodes) {
		if _, there := p.hosts[object.GetName()]; !there {
			errs = append(errs, p.Delete(p.ctx, Nodes, object.GetNamespace(), object.GetName()))
		}
	}
	return errors.Join(errs...)
}

func (p *pass) register(name string, ready condition) error {
	node := nodeObject{Spec: nodeSpec{Name: name, AllowScheduling: true}}
	node.APIVersion, node.Kind, node.Name, node.Namespace = apiVersion, "Node", name, p.namespace
	if err := p.Apply(p.ctx, Nodes, node); err != nil {
		return err
	}
	object := p.Get(Nodes, p.namespace, name)
	if object == nil {
		return nil
	}
	was, err := cluster.As[struct {
		Status nodeStatus `json:"status"`
	}](object)
	if err != nil {
		return err
	}
	ready.LastTransitionTime = stamp(p.now)
	for _, c := range was.Status.Conditions {
		if c.Type == ready.Type && c.Status == ready.Status {
			ready.LastTransitionTime = c.LastTransitionTime
		}
	}
	return p.WriteStatus(p.ctx, Nodes, object, nodeStatus{Conditions: []condition{ready}})
}

// sorted are the names in their order.
func sorted(hosts map[string]host) []string { return slices.Sorted(maps.Keys(hosts)) }

// stamp is a time as Longhorn writes it; empty for none.
func stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

// moment is what stamp wrote.
func moment(text string) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return at
}
