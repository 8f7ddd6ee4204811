package rook

import (
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// daemon is one of Ceph's daemons, in a Deployment of its own.
type daemon struct {
	// kind is mon, mgr, osd, mds or rgw; id tells it from its equals.
	kind, id string
	// node is where it must run; empty is anywhere.
	node string
	// disk is what an osd keeps its data on.
	disk string
}

// called is its name in Ceph's own mouth.
func (d daemon) called() string { return d.kind + "." + d.id }

func (d daemon) name() string { return "rook-ceph-" + d.kind + "-" + d.id }

// letter is how Rook counts daemons that are no disks.
func letter(i int) string { return string(rune('a' + i)) }

// owner is whose daemons they are.
type owner struct {
	kind, name string
	uid        string
	cluster    *cephCluster
}

// deployment is what runs in a daemon's place: it has the daemon's name, labels and node, and asks for nothing that the
// scheduler would have to find.
func (d daemon) deployment(o owner) *appsv1.Deployment {
	one, controller := int32(1), true
	labels := map[string]string{
		"app": "rook-ceph-" + d.kind, "ceph_daemon_type": d.kind, "ceph_daemon_id": d.id, d.kind: d.id,
		"rook_cluster": o.cluster.Namespace, "app.kubernetes.io/managed-by": "rook-ceph-operator",
	}
	deployment := &appsv1.Deployment{
		TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: metav1.ObjectMeta{
			Name: d.name(), Namespace: o.cluster.Namespace, Labels: labels, Annotations: map[string]string{},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: "ceph.rook.io/v1", Kind: o.kind, Name: o.name, UID: uid(o.uid), Controller: &controller,
			}},
		},
		Spec: appsv1.DeploymentSpec{
			Replicas: &one,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			// Two daemons never share a disk.
			Strategy: appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					Tolerations: slices.Concat(o.cluster.Spec.Placement["all"].Tolerations, o.cluster.Spec.Placement[d.kind].Tolerations),
					Containers:  []corev1.Container{{Name: d.kind, Image: o.cluster.Spec.CephVersion.Image}},
				},
			},
		},
	}
	if d.node != "" {
		deployment.Spec.Template.Spec.NodeSelector = map[string]string{corev1.LabelHostname: d.node}
	}
	if d.disk != "" {
		deployment.Annotations["rack.home-ops/disk"] = d.disk
	}
	return deployment
}

// run sees to the daemons, and returns those that do not run, and the disks among them that lack what was written while they
// did not.
func (p *pass) run(o owner, wanted []daemon) (down, behind []string, err error) {
	for _, d := range wanted {
		deployment := d.deployment(o)
		since, runs := p.since(deployment)
		if !runs {
			down = append(down, d.called())
		}
		if d.kind == "osd" {
			first := since
			if have := p.Get(cluster.Deployments, o.cluster.Namespace, d.name()); have != nil && have.GetAnnotations()[firstRan] != "" {
				first = have.GetAnnotations()[firstRan]
			}
			if first != "" {
				deployment.Annotations[firstRan] = first
			}
			if runs && p.isBehind(first, since) {
				behind = append(behind, d.called())
			}
		}
		if err := p.Apply(p.ctx, cluster.Deployments, deployment); err != nil {
			return nil, nil, err
		}
	}
	return down, behind, nil
}

// since is when the daemon's pod came up, and whether it can be reached: it is ready, on a node that serves.
func (p *pass) since(d *appsv1.Deployment) (at string, runs bool) {
	for _, pod := range p.ReadyPods(d.Namespace, labels.SelectorFromSet(d.Spec.Selector.MatchLabels)) {
		if p.serving[pod.Spec.NodeName] == nil {
			continue
		}
		for _, c := range pod.Status.Conditions {
			if c.Type == corev1.PodReady {
				return c.LastTransitionTime.UTC().Format(time.RFC3339), true
			}
		}
	}
	return "", false
}

// monitors chooses the nodes of the monitors, which they keep for as long as there is the node; each has its own. It returns why
// there are too few, in Rook's words. Rook makes a monitor anew ten minutes after it was last seen, under the next letter
// (https://rook.io/docs/rook/latest/Storage-Configuration/Advanced/ceph-mon-health/); here it is made as soon as its node has left
// the cluster, and keeps its letter.
func (p *pass) monitors(c *cephCluster) (mons []daemon, tooFew string) {
	count := max(c.Spec.Mon.Count, 1)
	taken := map[string]bool{}
	for i := range count {
		d := daemon{kind: "mon", id: letter(i)}
		if have := cluster.Find[appsv1.Deployment](p.Cluster, cluster.Deployments, c.Namespace, d.name()); have != nil {
			if node := have.Spec.Template.Spec.NodeSelector[corev1.LabelHostname]; p.registered(node) {
				d.node = node
				taken[node] = true
			}
		}
		mons = append(mons, d)
	}
	free := p.freeNodes(c)
	for i := range mons {
		if mons[i].node != "" {
			continue
		}
		at := slices.IndexFunc(free, func(node string) bool { return !taken[node] })
		if at < 0 && c.Spec.Mon.AllowMultiplePerNode && len(free) > 0 {
			at = i % len(free)
		}
		if at < 0 {
			return nil, fmt.Sprintf("cannot start %d mons on %d node(s) when allowMultiplePerNode is false", count, len(free))
		}
		mons[i].node = free[at]
		taken[free[at]] = true
	}
	return mons, ""
}

// freeNodes are the hostnames of the nodes that monitors can run on: those that other pods are not kept away from.
func (p *pass) freeNodes(c *cephCluster) []string {
	tolerations := slices.Concat(c.Spec.Placement["all"].Tolerations, c.Spec.Placement["mon"].Tolerations)
	var names []string
	for _, item := range cluster.Read[corev1.Node](p.Cluster, cluster.Nodes) {
		kept := slices.ContainsFunc(item.Typed.Spec.Taints, func(t corev1.Taint) bool {
			return t.Effect != corev1.TaintEffectPreferNoSchedule &&
				!slices.ContainsFunc(tolerations, func(tol corev1.Toleration) bool { return tolerates(tol, t) })
		})
		if !kept && !item.Typed.Spec.Unschedulable {
			names = append(names, item.Typed.Labels[corev1.LabelHostname])
		}
	}
	return names
}

func tolerates(tol corev1.Toleration, t corev1.Taint) bool {
	return (tol.Effect == "" || tol.Effect == t.Effect) && (tol.Key == t.Key || tol.Key == "" && tol.Operator == corev1.TolerationOpExists) &&
		(tol.Operator == corev1.TolerationOpExists || tol.Value == t.Value)
}
