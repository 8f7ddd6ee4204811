package flux

import (
	"time"

	notificationv1 "github.com/fluxcd/notification-controller/api/v1"
	"github.com/fluxcd/pkg/apis/meta"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gateway "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/home-ops/home-ops/internal/labels"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// receiverName is the name of everything that receives push events. It is part of what
// the webhook's path is computed from.
const receiverName = "flux-webhook"

// receiverService is the Service of notification-controller's receivers, and
// receiverPort the port of its pods
// (https://github.com/fluxcd/notification-controller/tree/main/config/manager).
const (
	receiverService = "webhook-receiver"
	receiverPort    = "9292"
)

// webhookSteps are a receiver of the Git server's push events and the path to it, of a
// stack that has a webhook.
func webhookSteps(stack *spec.Stack) plan.Steps {
	webhook := stack.Flux.Webhook
	if webhook == nil {
		return nil
	}
	return plan.Steps{
		secretStep(stepWebhookToken, receiverName, nil, key("token", valueWebhookToken)),
		{Name: stepReceiver, Object: receiver(webhook), After: []string{stepInstance, stepWebhookToken}},
		{
			Name: stepWebhookPolicy, Object: receiverPolicy(),
			After: []string{stepNamespace}, Needs: []plan.Condition{plan.Network},
		},
		{
			Name: stepWebhookRoute, Object: receiverRoute(stack),
			After: []string{stepNamespace}, Needs: []plan.Condition{plan.Network, plan.GatewayAPI},
		},
	}
}

// receiverInterval is how soon the receiver answers at the path of another secret. It is not told of one: until it looks
// again, which is after ten minutes by default, each push is answered with 404.
const receiverInterval = time.Minute

// receiver has the repository fetched when its server sends a push event.
func receiver(webhook *spec.Webhook) *notificationv1.Receiver {
	events := map[spec.WebhookProvider][]string{
		// GitHub sends a ping when the webhook is made.
		"github": {"ping", "push"},
		"gitlab": {"Push Hook"},
	}
	metadata := named(receiverName)
	// The webhook is registered after the receiver answers: GitHub sends its ping at once.
	metadata.Annotations = map[string]string{"pulumi.com/waitFor": "condition=Ready"}
	return &notificationv1.Receiver{
		TypeMeta:   kind(notificationv1.GroupVersion.String(), notificationv1.ReceiverKind),
		ObjectMeta: metadata,
		Spec: notificationv1.ReceiverSpec{
			Type:   string(webhook.Provider),
			Events: events[webhook.Provider],
			Resources: []notificationv1.CrossNamespaceObjectReference{
				{APIVersion: "source.toolkit.fluxcd.io/v1", Kind: "GitRepository", Name: namespace},
			},
			SecretRef: meta.LocalObjectReference{Name: receiverName},
			Interval:  &metav1.Duration{Duration: receiverInterval},
		},
	}
}

// webhookURL is the address that push events are sent to; empty without a webhook. Flux
// computes its path from the secret, so that only who knows the secret finds the
// receiver (https://fluxcd.io/flux/components/notification/receivers/#webhook-path).
func webhookURL(stack *spec.Stack, secret pulumi.StringInput) pulumi.StringOutput {
	webhook := stack.Flux.Webhook
	if webhook == nil {
		return pulumi.String("").ToStringOutput()
	}
	url := secret.ToStringOutput().ApplyT(func(token string) string {
		return "https://" + webhook.Host + receiver(webhook).GetWebhookPath(token)
	})
	return pulumi.ToSecret(url).(pulumi.StringOutput)
}

// receiverRoute leads from the webhook's host name to the receivers, and to no other
// path of notification-controller. A stack that is not exposed to the internet has its
// Git server in the home network, which comes in by the internal gateway.
func receiverRoute(stack *spec.Stack) *gateway.HTTPRoute {
	parent := gateway.ObjectName(labels.GatewayExternal)
	if stack.Edge.Exposure == spec.ExposureNone {
		parent = labels.GatewayInternal
	}
	parentNamespace, prefix := gateway.Namespace(labels.GatewayNamespace), gateway.PathMatchPathPrefix
	path, port := notificationv1.ReceiverWebhookPath, gateway.PortNumber(80)
	return &gateway.HTTPRoute{
		TypeMeta:   kind(gateway.GroupVersion.String(), "HTTPRoute"),
		ObjectMeta: named(receiverName),
		Spec: gateway.HTTPRouteSpec{
			CommonRouteSpec: gateway.CommonRouteSpec{ParentRefs: []gateway.ParentReference{
				{Namespace: &parentNamespace, Name: parent},
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
