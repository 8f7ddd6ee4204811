package roll

import (
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

// harmless are the warnings of Ceph that say nothing of its data's copies
// (https://docs.ceph.com/en/latest/rados/operations/health-checks/). Every other one
// stops a roll: what is not known to be harmless is not.
var harmless = []string{
	"AUTH_INSECURE_GLOBAL_ID_RECLAIM", "AUTH_INSECURE_GLOBAL_ID_RECLAIM_ALLOWED", "MON_DISK_LOW", "POOL_APP_NOT_ENABLED",
	"POOL_NO_REDUNDANCY", "RECENT_CRASH", "RECENT_MGR_MODULE_CRASH", "TELEMETRY_CHANGED", "TOO_FEW_PGS", "TOO_MANY_PGS",
	"POOL_TOO_FEW_PGS", "POOL_TOO_MANY_PGS", "OSD_UPGRADE_FINISHED",
}

// Storage implements [Cluster].
func (k KubeAPI) Storage(ctx context.Context) error {
	return errors.Join(k.ceph(ctx), k.longhorn(ctx))
}

// Disks implements [Cluster].
func (k KubeAPI) Disks(ctx context.Context, node string) (names []string, err error) {
	osds, err := k.OSDs(ctx)
	for _, d := range osds {
		if kubeapi.OSDNode(d) == node {
			names = append(names, d.Namespace+"/"+d.Name)
		}
	}
	return names, err
}

// OnVar implements [Cluster]. What is mounted at /var/mnt has a partition or a disk of its own, but for folders.
func (k KubeAPI) OnVar(ctx context.Context, node string, folders []string) ([]string, error) {
	var volumes corev1.PersistentVolumeList
	if err := k.Do(ctx, http.MethodGet, "/api/v1/persistentvolumes", nil, &volumes); err != nil {
		return nil, err
	}
	var claims []string
	for _, v := range volumes.Items {
		path := ""
		switch {
		case v.Spec.ClaimRef == nil || !tiedTo(v, node):
			continue
		case v.Spec.Local != nil:
			path = v.Spec.Local.Path
		case v.Spec.HostPath != nil:
			path = v.Spec.HostPath.Path
		}
		under := func(folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }
		if under("/var") && !under("/var/mnt") || slices.ContainsFunc(folders, under) {
			claims = append(claims, v.Spec.ClaimRef.Namespace+"/"+v.Spec.ClaimRef.Name)
		}
	}
	return claims, nil
}

// tiedTo reports whether a volume can be had at a node of those that it names; one that names none is taken for everybody's.
func tiedTo(v corev1.PersistentVolume, node string) bool {
	if v.Spec.NodeAffinity == nil || v.Spec.NodeAffinity.Required == nil {
		return true
	}
	for _, term := range v.Spec.NodeAffinity.Required.NodeSelectorTerms {
		for _, r := range term.MatchExpressions {
			if r.Key == corev1.LabelHostname && slices.Contains(r.Values, node) {
				return true
			}
		}
		for _, r := range term.MatchFields {
			if r.Key == "metadata.name" && slices.Contains(r.Values, node) {
				return true
			}
		}
	}
	return false
}

// StorageChecked implements [Cluster]. Rook asks Ceph once a minute, and keeps the answer
// (https://rook.io/docs/rook/latest-release/CRDs/Cluster/ceph-cluster-crd/#health-settings); Longhorn tells at once.
func (k KubeAPI) StorageChecked(ctx context.Context) (string, error) {
	clusters, err := k.cephClusters(ctx)
	var checked []string
	for _, c := range clusters {
		checked = append(checked, c.Status.Ceph.LastChecked)
	}
	return strings.Join(checked, " "), err
}

// cephCluster is what a CephCluster says of itself.
type cephCluster struct {
	Metadata struct {
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
	} `json:"metadata"`
	Status struct {
		Ceph struct {
			Health  string `json:"health"`
			Details map[string]struct {
				Message string `json:"message"`
			} `json:"details"`
			LastChecked string `json:"lastChecked"`
		} `json:"ceph"`
	} `json:"status"`
}

func (k KubeAPI) cephClusters(ctx context.Context) ([]cephCluster, error) {
	var clusters struct {
		Items []cephCluster `json:"items"`
	}
	err := k.listKind(ctx, "/apis/ceph.rook.io/v1/cephclusters", &clusters)
	return clusters.Items, err
}

// ceph is nil when every Ceph cluster has all copies of its data.
func (k KubeAPI) ceph(ctx context.Context) error {
	clusters, err := k.cephClusters(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, c := range clusters {
		var reasons []string
		for _, check := range slices.Sorted(maps.Keys(c.Status.Ceph.Details)) {
			if !slices.Contains(harmless, check) {
				reasons = append(reasons, check+": "+c.Status.Ceph.Details[check].Message)
			}
		}
		health := c.Status.Ceph.Health
		if health == "HEALTH_OK" || health == "HEALTH_WARN" && len(reasons) == 0 && len(c.Status.Ceph.Details) > 0 {
			continue
		}
		if health == "" {
			health = "not known yet"
		}
		errs = append(errs, fmt.Errorf("storage: Ceph %s/%s is %s; %s", c.Metadata.Namespace, c.Metadata.Name, health, strings.Join(reasons, "; ")))
	}
	return errors.Join(errs...)
}

// longhorn is nil when every attached volume has all of its replicas. A volume that is
// meant to have one alone is its owner's choice.
func (k KubeAPI) longhorn(ctx context.Context) error {
	var volumes struct {
		Items []struct {
			Metadata struct {
				Name string `json:"name"`
			} `json:"metadata"`
			Status struct {
				Robustness string `json:"robustness"`
			} `json:"status"`
		} `json:"items"`
	}
	if err := k.listKind(ctx, "/apis/longhorn.io/v1beta2/volumes", &volumes); err != nil {
		return err
	}
	var bad []string
	for _, v := range volumes.Items {
		// One that is detached is unknown: nobody uses it.
		if r := v.Status.Robustness; r == "degraded" || r == "faulted" {
			bad = append(bad, v.Metadata.Name+" is "+r)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	lacking := fmt.Errorf("Longhorn volumes lack replicas: %s", strings.Join(bad, ", ")) //nolint:staticcheck // a name
	exchanged, err := k.exchangedDisks(ctx)
	if err == nil && len(exchanged) > 0 {
		lacking = fmt.Errorf("%w; it stays so until you do what docs/runbooks/replace-disk.md says of a disk of Longhorn: %s", lacking, strings.Join(exchanged, ", "))
	}
	return errors.Join(lacking, err)
}

// exchangedDisks are those that Longhorn waits for in vain: something else is in their place
// (https://github.com/longhorn/longhorn-manager/blob/v1.12.1/k8s/pkg/apis/longhorn/v1beta2/node.go).
func (k KubeAPI) exchangedDisks(ctx context.Context) ([]string, error) {
	disks, err := k.LonghornDisks(ctx)
	var exchanged []string
	for _, d := range disks {
		if strings.HasPrefix(d.NotReady, "DiskFilesystemChanged:") {
			exchanged = append(exchanged, fmt.Sprintf("%s of %s is another one", d.Name, d.Node))
		}
	}
	return exchanged, err
}

// listKind lists a kind that the cluster may not have.
func (k KubeAPI) listKind(ctx context.Context, path string, into any) error {
	err := k.Do(ctx, http.MethodGet, path, nil, into)
	if kubeapi.IsStatus(err, http.StatusNotFound) {
		return nil
	}
	return err
}
