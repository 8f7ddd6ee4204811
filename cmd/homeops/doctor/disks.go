package doctor

import (
	"cmp"
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/internal/kubeapi"
)

// exchange is the page for a disk that is dead.
const exchange = "docs/runbooks/replace-disk.md"

// Disks looks for disks of Ceph and of Longhorn that serve nobody although their node is well: what is missing with its node,
// comes back with it. It says nothing of a cluster that has neither.
func Disks(ctx context.Context, api kubeapi.API) []Check {
	const name = "disks of the storage"
	ready, err := readyNodes(ctx, api)
	var osds, disks int
	var bad []Check
	if err == nil {
		osds, bad, err = ceph(ctx, api, ready)
	}
	if err == nil {
		var more []Check
		disks, more, err = longhorn(ctx, api, ready)
		bad = append(bad, more...)
	}
	switch {
	case err != nil:
		return []Check{judged(name, err, "", "kubectl get nodes")}
	case len(bad) > 0 || osds+disks == 0:
		return bad
	}
	return []Check{{Name: name, Verdict: OK, Detail: fmt.Sprintf("%d OSDs of Ceph and %d disks of Longhorn", osds, disks)}}
}

func readyNodes(ctx context.Context, api kubeapi.API) (map[string]bool, error) {
	var list corev1.NodeList
	err := api.Get(ctx, "/api/v1/nodes", &list)
	ready := map[string]bool{}
	for _, n := range list.Items {
		is, _ := kubeapi.Ready(n)
		ready[n.Name] = is
		ready[n.Labels[corev1.LabelHostname]] = is
	}
	return ready, err
}

// ceph counts the OSDs, and names those that do not run.
func ceph(ctx context.Context, api kubeapi.API, ready map[string]bool) (count int, bad []Check, err error) {
	osds, err := api.OSDs(ctx)
	if err != nil {
		return 0, nil, err
	}
	for _, d := range osds {
		node := kubeapi.OSDNode(d)
		if d.Status.ReadyReplicas > 0 || !ready[node] {
			continue
		}
		bad = append(bad, Check{
			Name: "Ceph's osd." + cmp.Or(d.Labels["ceph-osd-id"], d.Labels["ceph_daemon_id"]), Verdict: Problem,
			Detail: "does not run, and its node " + node + " is well: it starts, its disk is dead, or its disk was exchanged",
			Do:     fmt.Sprintf("kubectl -n %s logs deploy/%s; a dead or exchanged disk: %s", d.Namespace, d.Name, exchange),
		})
	}
	return len(osds), bad, nil
}

// longhorn counts the disks of Longhorn, and names those that are not ready.
func longhorn(ctx context.Context, api kubeapi.API, ready map[string]bool) (count int, bad []Check, err error) {
	disks, err := api.LonghornDisks(ctx)
	for _, d := range disks {
		if d.NotReady == "" || !ready[d.Node] {
			continue
		}
		bad = append(bad, Check{
			Name: "Longhorn's disk of " + d.Node, Verdict: Problem, Detail: fmt.Sprintf("%s (%s) is not ready: %s", d.Name, d.UUID, d.NotReady),
			Do: fmt.Sprintf("kubectl -n %s get nodes.longhorn.io %s -o yaml; a dead or exchanged disk: %s", d.Namespace, d.Node, exchange),
		})
	}
	return len(disks), bad, err
}
