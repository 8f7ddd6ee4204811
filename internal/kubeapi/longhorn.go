package kubeapi

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// LonghornDisk is a disk of a node as Longhorn has it.
type LonghornDisk struct {
	// Namespace and Node are those of Longhorn's own object for the node; Node is the Kubernetes node's name, too.
	Namespace, Node string
	// Name is what Longhorn calls the disk, UUID what it wrote onto it when it first saw it.
	Name, UUID string
	// NotReady is why the disk is not ready, as Longhorn says it: a reason, and its words in one line. Empty for one that is.
	NotReady string
}

// LonghornDisks are those of all nodes, by node and name; none where there is no Longhorn.
func (a API) LonghornDisks(ctx context.Context) ([]LonghornDisk, error) {
	var list struct {
		Items []struct {
			Metadata struct {
				Name      string `json:"name"`
				Namespace string `json:"namespace"`
			} `json:"metadata"`
			Status struct {
				DiskStatus map[string]struct {
					UUID       string `json:"diskUUID"`
					Conditions []struct {
						Type    string `json:"type"`
						Status  string `json:"status"`
						Reason  string `json:"reason"`
						Message string `json:"message"`
					} `json:"conditions"`
				} `json:"diskStatus"`
			} `json:"status"`
		}
	}
	err := a.Get(ctx, "/apis/longhorn.io/v1beta2/nodes", &list)
	if IsStatus(err, http.StatusNotFound) {
		return nil, nil
	}
	var disks []LonghornDisk
	for _, n := range list.Items {
		for _, name := range slices.Sorted(maps.Keys(n.Status.DiskStatus)) {
			status := n.Status.DiskStatus[name]
			disk := LonghornDisk{Namespace: n.Metadata.Namespace, Node: n.Metadata.Name, Name: name, UUID: status.UUID}
			for _, c := range status.Conditions {
				if c.Type == "Ready" && c.Status == "False" {
					disk.NotReady = c.Reason + ": " + strings.Join(strings.Fields(strings.ReplaceAll(strings.TrimSpace(c.Message), "\n", "; ")), " ")
				}
			}
			disks = append(disks, disk)
		}
	}
	return disks, err
}
