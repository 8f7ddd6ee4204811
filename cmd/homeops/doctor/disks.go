package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/internal/kubeapi"
)

// exchange is the page for a disk that is dead.
const exchange = "docs/runbooks/replace-disk.md"

// longhornNode is what is read of a node of Longhorn's.
type longhornNode struct {
	Metadata struct{ Namespace, Name string }
	Status   struct {
		DiskStatus map[string]struct {
			UUID       string `json:"diskUUID"`
			Conditions []struct{ Type, Status, Reason, Message string }
		}
	}
}

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
	var list struct{ Items []longhornNode }
	err = api.Get(ctx, "/apis/longhorn.io/v1beta2/nodes", &list)
	var refused kubeapi.Error
	if errors.As(err, &refused) && refused.Code == http.StatusNotFound {
		return 0, nil, nil
	}
	for _, n := range list.Items {
		for _, disk := range slices.Sorted(maps.Keys(n.Status.DiskStatus)) {
			count++
			status := n.Status.DiskStatus[disk]
			for _, c := range status.Conditions {
				if c.Type != "Ready" || c.Status != "False" || !ready[n.Metadata.Name] {
					continue
				}
				bad = append(bad, Check{
					Name: "Longhorn's disk of " + n.Metadata.Name, Verdict: Problem,
					Detail: fmt.Sprintf("%s (%s) is not ready: %s: %s", disk, status.UUID, c.Reason, strings.TrimSpace(oneLine(c.Message))),
					Do:     fmt.Sprintf("kubectl -n %s get nodes.longhorn.io %s -o yaml; a dead or exchanged disk: %s", n.Metadata.Namespace, n.Metadata.Name, exchange),
				})
			}
		}
	}
	return count, bad, err
}
