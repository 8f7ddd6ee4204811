package machineconfig

import (
	"github.com/siderolabs/go-pointer"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/role"
)

// talosAPIAccess lets the Flux tree ask for a talosconfig of its own: with it on,
// Talos answers each object ServiceAccount (talos.dev/v1alpha1) in the namespace with
// a Secret. The backup of etcd (kubernetes/apps/etcd-backup) may read a snapshot, and
// nothing in the cluster may do more: machines are changed from outside of it.
//
// Who may create a ServiceAccount in the namespace gets the role. It therefore holds
// nothing else.
//
// https://www.talos.dev/v1.11/kubernetes-guides/configuration/talos-api-access-from-k8s/
func talosAPIAccess() *v1alpha1.KubernetesTalosAPIAccessConfig {
	return &v1alpha1.KubernetesTalosAPIAccessConfig{
		AccessEnabled:                     pointer.To(true),
		AccessAllowedRoles:                []string{string(role.EtcdBackup)},
		AccessAllowedKubernetesNamespaces: []string{"etcd-backup"},
	}
}
