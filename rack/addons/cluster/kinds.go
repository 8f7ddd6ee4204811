package cluster

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Kind is a kind of objects as the API serves it: its group, its version and its plural name.
type Kind = schema.GroupVersionResource

// The kinds of Kubernetes itself.
var (
	Namespaces     = Kind{Version: "v1", Resource: "namespaces"}
	Nodes          = Kind{Version: "v1", Resource: "nodes"}
	Pods           = Kind{Version: "v1", Resource: "pods"}
	Services       = Kind{Version: "v1", Resource: "services"}
	Secrets        = Kind{Version: "v1", Resource: "secrets"}
	ConfigMaps     = Kind{Version: "v1", Resource: "configmaps"}
	Claims         = Kind{Version: "v1", Resource: "persistentvolumeclaims"}
	Volumes        = Kind{Version: "v1", Resource: "persistentvolumes"}
	Deployments    = Kind{Group: "apps", Version: "v1", Resource: "deployments"}
	StatefulSets   = Kind{Group: "apps", Version: "v1", Resource: "statefulsets"}
	StorageClasses = Kind{Group: "storage.k8s.io", Version: "v1", Resource: "storageclasses"}
	Attachments    = Kind{Group: "storage.k8s.io", Version: "v1", Resource: "volumeattachments"}
	Capacities     = Kind{Group: "storage.k8s.io", Version: "v1", Resource: "csistoragecapacities"}
	EndpointSlices = Kind{Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"}
	Policies       = Kind{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicies"}
	PolicyBindings = Kind{Group: "admissionregistration.k8s.io", Version: "v1", Resource: "validatingadmissionpolicybindings"}
	Definitions    = Kind{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
)

// builtIn tells the kinds that every API server has from those that a definition brings.
func builtIn(kind Kind) bool {
	return !strings.Contains(kind.Group, ".") ||
		slices.Contains([]string{StorageClasses.Group, EndpointSlices.Group, Policies.Group, Definitions.Group}, kind.Group)
}
