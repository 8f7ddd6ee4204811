package objects

import (
	"crypto/sha256"
	"encoding/hex"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gateway "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/home-ops/home-ops/components/cilium/ciliumio"
	"github.com/home-ops/home-ops/components/flux/fluxio"
	"github.com/home-ops/home-ops/spec"
)

// The gateways, and the label of namespaces whose routes the external one takes.
const (
	gatewayNamespace     = "network"
	externalGateway      = "external"
	internalGateway      = "internal"
	externalGatewayLabel = "gateway.home-ops.io/external"
)

// receiver is the name of everything that receives announcements.
const receiver = "flux-webhook"

// receiverService is what notification-controller listens behind, and receiverPort
// the port of its pods (https://github.com/fluxcd/notification-controller/tree/main/config/manager).
const (
	receiverService = "webhook-receiver"
	receiverPort    = "9292"
)

// hookPath is where receivers are.
const hookPath = "/hook/"

// Receiver has the repository fetched when its server announces a push.
func Receiver(webhook *spec.Webhook) *fluxio.Receiver {
	events := map[spec.WebhookProvider][]string{
		// GitHub sends a ping when the webhook is made.
		"github": {"ping", "push"},
		"gitlab": {"Push Hook"},
	}
	metadata := named(receiver)
	// Nobody is told of a receiver that does not answer yet.
	metadata.Annotations = map[string]string{"pulumi.com/waitFor": "condition=Ready"}
	return &fluxio.Receiver{
		TypeMeta:   kind(fluxio.NotificationV1, "Receiver"),
		ObjectMeta: metadata,
		Spec: fluxio.ReceiverSpec{
			Type:      string(webhook.Provider),
			Events:    events[webhook.Provider],
			Resources: []fluxio.Reference{{APIVersion: fluxio.SourceV1, Kind: "GitRepository", Name: Namespace}},
			SecretRef: fluxio.Name{Name: ReceiverSecret},
		},
	}
}

// WebhookURL is the address that announcements are sent to. Flux makes it of the
// token, so that nobody finds a receiver who does not know its token
// (https://fluxcd.io/flux/components/notification/receivers/#webhook-path).
func WebhookURL(host, token string) string {
	sum := sha256.Sum256([]byte(token + receiver + Namespace))
	return "https://" + host + hookPath + hex.EncodeToString(sum[:])
}

// Route leads from the public host name to the receivers, and to nothing else of
// notification-controller. A Git server in the home announces by the internal
// gateway when there is no way in from outside.
func Route(stack *spec.Stack) *gateway.HTTPRoute {
	parent := gateway.ObjectName(externalGateway)
	if stack.Edge.Exposure == spec.ExposureNone {
		parent = internalGateway
	}
	namespace, prefix, path := gateway.Namespace(gatewayNamespace), gateway.PathMatchPathPrefix, hookPath
	port := gateway.PortNumber(80)
	return &gateway.HTTPRoute{
		TypeMeta:   kind(gateway.GroupVersion.String(), "HTTPRoute"),
		ObjectMeta: named(receiver),
		Spec: gateway.HTTPRouteSpec{
			CommonRouteSpec: gateway.CommonRouteSpec{ParentRefs: []gateway.ParentReference{
				{Namespace: &namespace, Name: parent},
			}},
			Hostnames: []gateway.Hostname{gateway.Hostname(stack.Flux.Webhook.Host)},
			Rules: []gateway.HTTPRouteRule{{
				Matches: []gateway.HTTPRouteMatch{{Path: &gateway.HTTPPathMatch{Type: &prefix, Value: &path}}},
				BackendRefs: []gateway.HTTPBackendRef{{BackendRef: gateway.BackendRef{
					BackendObjectReference: gateway.BackendObjectReference{Name: receiverService, Port: &port},
				}}},
			}},
		},
	}
}

// Policy lets the gateway reach the receivers. Flux's own policy for them allows
// every pod, but a gateway is none.
func Policy() *ciliumio.NetworkPolicy {
	return &ciliumio.NetworkPolicy{
		TypeMeta:   ciliumio.Type(ciliumio.V2, "CiliumNetworkPolicy"),
		ObjectMeta: named(receiver),
		Spec: ciliumio.PolicyRule{
			Description:      "Requests that the gateway lets in reach the receivers.",
			EndpointSelector: metav1.LabelSelector{MatchLabels: map[string]string{"app": "notification-controller"}},
			// Flux's own policies refuse the rest.
			EnableDefaultDeny: ciliumio.DefaultDeny{},
			Ingress: []ciliumio.IngressRule{{
				FromEntities: []ciliumio.Entity{ciliumio.EntityIngress},
				ToPorts:      []ciliumio.PortRule{{Ports: []ciliumio.PortProtocol{{Port: receiverPort, Protocol: "TCP"}}}},
			}},
		},
	}
}
