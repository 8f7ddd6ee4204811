package gatewayio

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Route is a route of any kind, as far as the kinds are alike.
type Route struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		ParentRefs []ParentReference `json:"parentRefs"`
		Hostnames  []string          `json:"hostnames"`
		Rules      []struct {
			BackendRefs []Backend `json:"backendRefs"`
		} `json:"rules"`
	} `json:"spec"`
	Status RouteStatus `json:"status"`
}

// ParentReference names a Gateway, or one of its listeners.
type ParentReference struct {
	Reference   `json:",inline"`
	SectionName *string `json:"sectionName,omitempty"`
	Port        *int32  `json:"port,omitempty"`
}

// Backend is where a route leads.
type Backend struct {
	Reference `json:",inline"`
	Port      *int32 `json:"port"`
}

// RouteStatus is what each Gateway's controller says about a route.
type RouteStatus struct {
	Parents []RouteParentStatus `json:"parents"`
}

// RouteParentStatus is what one of them says.
type RouteParentStatus struct {
	ParentRef      ParentReference    `json:"parentRef"`
	ControllerName string             `json:"controllerName"`
	Conditions     []metav1.Condition `json:"conditions,omitempty"`
}

// ReferenceGrant lets objects of one namespace name objects of its own.
type ReferenceGrant struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		From []struct {
			Group     string `json:"group"`
			Kind      string `json:"kind"`
			Namespace string `json:"namespace"`
		} `json:"from"`
		To []struct {
			Group string `json:"group"`
			Kind  string `json:"kind"`
			// Name is empty for every object.
			Name string `json:"name"`
		} `json:"to"`
	} `json:"spec"`
}
