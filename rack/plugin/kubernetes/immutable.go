package kubernetes

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var (
	selector      = []string{"spec.selector"}
	roleBinding   = []string{"roleRef"}
	volumeSources = under("spec.", "awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc",
		"flexVolume", "flocker", "gcePersistentDisk", "glusterfs", "hostPath", "iscsi", "local", "nfs",
		"photonPersistentDisk", "portworxVolume", "quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume")
	podSpec = under("spec.", "affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy",
		"enableServiceLinks", "hostAliases", "hostIPC", "hostNetwork", "hostPID", "hostname", "imagePullSecrets",
		"nodeName", "nodeSelector", "overhead", "preemptionPolicy", "priority", "priorityClassName", "readinessGates",
		"restartPolicy", "runtimeClassName", "schedulerName", "securityContext", "serviceAccount",
		"serviceAccountName", "shareProcessNamespace", "subdomain", "terminationGracePeriodSeconds", "volumes")
	containerFields = []string{
		"args", "command", "env", "image", "imagePullPolicy", "lifecycle", "livenessProbe", "ports", "readinessProbe",
		"resources", "securityContext", "stdin", "stdinOnce", "terminationMessagePath", "terminationMessagePolicy",
		"tty", "volumeDevices", "volumeMounts", "workingDir",
	}
)

// immutable are the fields of the built-in kinds whose change replaces the object, as the genuine plugin lists
// them. [*] stands for every item of a list.
var immutable = map[schema.GroupVersionKind][]string{
	{Version: "v1", Kind: "PersistentVolume"}:      volumeSources,
	{Version: "v1", Kind: "PersistentVolumeClaim"}: under("spec.", "accessModes", "selector", "storageClassName", "volumeName"),
	{Version: "v1", Kind: "Pod"}: concat(podSpec,
		under("spec.containers[*].", containerFields...), under("spec.initContainers[*].", containerFields...)),
	{Version: "v1", Kind: "ResourceQuota"}: {"spec.scopes"},
	{Version: "v1", Kind: "Secret"}:        {"type"},
	{Version: "v1", Kind: "Service"}:       {"spec.clusterIP"},

	{Group: "apps", Version: "v1", Kind: "DaemonSet"}:  selector,
	{Group: "apps", Version: "v1", Kind: "Deployment"}: selector,
	{Group: "apps", Version: "v1", Kind: "StatefulSet"}: under("spec.", "podManagementPolicy", "revisionHistoryLimit",
		"selector", "serviceName", "volumeClaimTemplates"),
	{Group: "batch", Version: "v1", Kind: "Job"}:                                    under("spec.", "completions", "parallelism", "selector", "template"),
	{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "ClusterRoleBinding"}: roleBinding,
	{Group: "rbac.authorization.k8s.io", Version: "v1", Kind: "RoleBinding"}:        roleBinding,
	{Group: "storage.k8s.io", Version: "v1", Kind: "StorageClass"}:                  {"parameters", "provisioner"},
}

func under(prefix string, fields ...string) []string {
	paths := make([]string, 0, len(fields))
	for _, field := range fields {
		paths = append(paths, prefix+field)
	}
	return paths
}

func concat(lists ...[]string) []string {
	var all []string
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

// replacingFields are the fields of an object whose change replaces it: its name and namespace always, and those
// that the API server will not change. The content of a Secret or a ConfigMap replaces it too, so that pods which
// mount it start again, unless the provider is told that it may change.
func (s settings) replacingFields(object *unstructured.Unstructured) []string {
	gvk := object.GroupVersionKind()
	if gvk.Group == "core" {
		gvk.Group = ""
	}
	frozen, _, _ := unstructured.NestedBool(object.Object, "immutable")

	fields := []string{"metadata.name", "metadata.namespace"}
	switch {
	case isCore(object, "Secret") && (!s.enableSecretMutable || frozen):
		return append(fields, "type", "stringData", "data")
	case isCore(object, "ConfigMap") && (!s.enableConfigMapMutable || frozen):
		return append(fields, "binaryData", "data")
	default:
		return append(fields, immutable[gvk]...)
	}
}

// replaces tells whether a change at a path, to a value, touches one of the fields: the path lies at or below the
// field, or the value holds the field.
func replaces(fields []string, path []any, value any) bool {
	for _, field := range fields {
		if touches(strings.Split(strings.ReplaceAll(field, "[*]", ".[*]"), "."), path, value) {
			return true
		}
	}
	return false
}

func touches(field []string, path []any, value any) bool {
	if len(field) == 0 {
		return true
	}
	if len(path) > 0 {
		switch step := path[0].(type) {
		case string:
			return step == field[0] && touches(field[1:], path[1:], value)
		default:
			return field[0] == "[*]" && touches(field[1:], path[1:], value)
		}
	}
	switch v := value.(type) {
	case map[string]any:
		inner, ok := v[field[0]]
		return ok && touches(field[1:], nil, inner)
	case []any:
		for _, item := range v {
			if field[0] == "[*]" && touches(field[1:], nil, item) {
				return true
			}
		}
	}
	return false
}
