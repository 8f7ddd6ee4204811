package gatewayio

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// GatewayClass is a kind of gateways, and says who serves it.
type GatewayClass struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		ControllerName string     `json:"controllerName"`
		ParametersRef  *Reference `json:"parametersRef"`
	} `json:"spec"`
	Status ClassStatus `json:"status"`
}

// ClassStatus is what its controller says about a class.
type ClassStatus struct {
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// Gateway is a place where traffic comes in.
type Gateway struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		GatewayClassName string     `json:"gatewayClassName"`
		Listeners        []Listener `json:"listeners"`
		// Addresses are asked for; without them it gets any.
		Addresses []Address `json:"addresses"`
		// Infrastructure is for what the controller makes.
		Infrastructure *struct {
			Labels      map[string]string `json:"labels"`
			Annotations map[string]string `json:"annotations"`
			// ParametersRef names what says more; Cilium takes none here.
			ParametersRef *Reference `json:"parametersRef"`
		} `json:"infrastructure"`
	} `json:"spec"`
	Status GatewayStatus `json:"status"`
}

// Address is an address; its type is IPAddressType when it is missing.
type Address struct {
	Type  *string `json:"type,omitempty"`
	Value string  `json:"value"`
}

// IPAddressType is the type of an address that is an IP address.
const IPAddressType = "IPAddress"

// GatewayStatus is what its controller says about a Gateway.
type GatewayStatus struct {
	Addresses  []Address          `json:"addresses,omitempty"`
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	Listeners  []ListenerStatus   `json:"listeners,omitempty"`
}

// Listener is a port of a Gateway, for a protocol and a name.
type Listener struct {
	Name     string  `json:"name"`
	Hostname *string `json:"hostname"`
	Port     int32   `json:"port"`
	Protocol string  `json:"protocol"`
	TLS      *struct {
		Mode            *string     `json:"mode"`
		CertificateRefs []Reference `json:"certificateRefs"`
	} `json:"tls"`
	// AllowedRoutes says which routes may use it: those of the Gateway's own namespace when it is missing.
	AllowedRoutes *struct {
		Namespaces *struct {
			From     *string               `json:"from"`
			Selector *metav1.LabelSelector `json:"selector"`
		} `json:"namespaces"`
		Kinds []RouteKind `json:"kinds"`
	} `json:"allowedRoutes"`
}

// The protocols of listeners.
const (
	HTTP  = "HTTP"
	HTTPS = "HTTPS"
	TLS   = "TLS"
	TCP   = "TCP"
	UDP   = "UDP"
)

// What a listener does with TLS.
const (
	Passthrough = "Passthrough"
	Terminate   = "Terminate"
)

// The namespaces whose routes a listener takes.
const (
	FromAll      = "All"
	FromSame     = "Same"
	FromSelector = "Selector"
)

// RouteKind is a kind of routes. Its group is GroupName when it is missing.
type RouteKind struct {
	Group *string `json:"group,omitempty"`
	Kind  string  `json:"kind"`
}

// ListenerStatus is what its controller says about a listener.
type ListenerStatus struct {
	Name           string             `json:"name"`
	SupportedKinds []RouteKind        `json:"supportedKinds"`
	AttachedRoutes int32              `json:"attachedRoutes"`
	Conditions     []metav1.Condition `json:"conditions"`
}

// Reference names an object: what is missing is meant to be the usual.
type Reference struct {
	Group     *string `json:"group,omitempty"`
	Kind      *string `json:"kind,omitempty"`
	Namespace *string `json:"namespace,omitempty"`
	Name      string  `json:"name"`
}
