package longhorn

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// glance is how often it looks although nothing changed: replicas are whole after a time.
const glance = time.Second

// Controller plays Longhorn's manager. It acts while the deployer of its driver runs, as the driver does. Engines says why a node
// runs no program that Longhorn puts below /var there; nil where it does.
// Mounts are the places of a node where it stores; nil is one on every node, which is always well.
func Controller(down cluster.Down, engines func(node string) error, mounts func(node string) []Mount) cluster.Controller {
	if mounts == nil {
		mounts = unlabelled
	}
	return cluster.Controller{
		Name: "longhorn-manager", Operators: []string{"longhorn-driver-deployer"},
		Kinds: []cluster.Kind{cluster.Nodes, cluster.Claims, cluster.Volumes, cluster.ConfigMaps, cluster.StorageClasses, Volumes, Replicas, Nodes, cluster.Policies, cluster.PolicyBindings},
		Every: glance,
		Pass: func(ctx context.Context, c *cluster.Cluster, pods []cluster.Pod) error {
			if !c.Serves(Volumes) || !c.Serves(Replicas) || !c.Serves(Nodes) {
				return nil
			}
			p := &pass{
				Cluster: c, ctx: ctx, namespace: pods[0].Namespace, now: time.Now().UTC().Truncate(time.Second),
				serving: c.Serving(down), engines: engines, mounts: mounts, hosts: map[string]host{},
			}
			return errors.Join(p.guard(), p.class(), p.nodes(), p.volumes())
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
	mounts  func(node string) []Mount
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
		errs = append(errs, p.register(n.Name, ready, n.Labels[diskLabel] != "", &h))
		p.hosts[n.Name] = h
	}
	for _, object := range p.List(Nodes) {
		if _, there := p.hosts[object.GetName()]; !there {
			errs = append(errs, p.Delete(p.ctx, Nodes, object.GetNamespace(), object.GetName()))
		}
	}
	return errors.Join(errs...)
}

// register keeps the object of a node, and says how it and its disks are.
func (p *pass) register(name string, ready condition, stores bool, h *host) error {
	mounts := p.mounts(name)
	object := p.Get(Nodes, p.namespace, name)
	var have struct {
		Spec   nodeSpec   `json:"spec"`
		Status nodeStatus `json:"status"`
	}
	if object != nil {
		read, err := cluster.As[struct {
			Spec   nodeSpec   `json:"spec"`
			Status nodeStatus `json:"status"`
		}](object)
		if err != nil {
			return err
		}
		have = *read
	}
	node := nodeObject{Spec: nodeSpec{Name: name, AllowScheduling: true, Disks: have.Spec.Disks}}
	node.APIVersion, node.Kind, node.Name, node.Namespace = apiVersion, "Node", name, p.namespace
	if object != nil {
		// Whoever changes the disks meanwhile is not undone: then this is refused, and looked at again.
		node.ResourceVersion = object.GetResourceVersion()
	}
	// A node without a disk gets those of the settings, or of its annotation.
	if len(node.Spec.Disks) == 0 && stores && p.serving[name] != nil {
		node.Spec.Disks = defaults(mounts)
	}
	if object == nil || len(have.Spec.Disks) != len(node.Spec.Disks) {
		if err := p.Apply(p.ctx, Nodes, node); err != nil {
			return err
		}
		if object = p.Get(Nodes, p.namespace, name); object == nil {
			return nil
		}
	}
	status := nodeStatus{Conditions: []condition{since(p.now, have.Status.Conditions, ready)}}
	// Of a node that is away nobody says anything new.
	status.Disks = have.Status.Disks
	if h.boot != "" {
		status.Disks, h.disks = examine(name, node.Spec.Disks, have.Status.Disks, mounts)
		for disk, s := range status.Disks {
			for i, c := range s.Conditions {
				s.Conditions[i] = since(p.now, have.Status.Disks[disk].Conditions, c)
			}
			for _, item := range cluster.Read[replicaObject](p.Cluster, Replicas) {
				if r := item.Typed; r.Spec.NodeID == name && r.Spec.DiskID == s.UUID {
					size, _ := strconv.ParseInt(r.Spec.VolumeSize, 10, 64)
					s.Scheduled[r.Name] = size
				}
			}
		}
	}
	return p.WriteStatus(p.ctx, Nodes, object, status)
}

// since is a condition with the time at which it became so.
func since(now time.Time, before []condition, c condition) condition {
	c.LastTransitionTime = stamp(now)
	for _, was := range before {
		if was.Type == c.Type && was.Status == c.Status {
			c.LastTransitionTime = was.LastTransitionTime
		}
	}
	return c
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
