package machineconfig

import (
	"github.com/siderolabs/go-pointer"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/role"
)

// talosAPIAccess lets the Flux tree ask for a talosconfig of its own: with it on,
// Talos answers each object ServiceAccount (talos.dev/v1alpha1) in one of the
// namespaces with a Secret. The upgrade controller (kubernetes/apps/system-upgrade)
// needs every right, the backup of etcd (kubernetes/apps/etcd-backup) only that to
// read a snapshot.
//
// Talos allows each role in each of the namespaces: who may create a ServiceAccount
// in one of them can become os:admin. Both therefore hold nothing else.
//
// https://www.talos.dev/v1.11/kubernetes-guides/configuration/talos-api-access-from-k8s/
func talosAPIAccess() *v1alpha1.KubernetesTalosAPIAccessConfig {
	return &v1alpha1.KubernetesTalosAPIAccessConfig{
		AccessEnabled:                     pointer.To(true),
		AccessAllowedRoles:                []string{string(role.Admin), string(role.EtcdBackup)},
		AccessAllowedKubernetesNamespaces: []string{"system-upgrade", "etcd-backup"},
	}
}
