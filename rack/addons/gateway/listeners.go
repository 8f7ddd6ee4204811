package gateway

import (
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
	"github.com/home-ops/home-ops/rack/addons/gateway/gatewayio"
)

// listeners fills in the status of a Gateway's listeners, and reports whether one of them can be served.
func (p *pass) listeners(g *gatewayio.Gateway) bool {
	old := g.Status.Listeners
	g.Status.Listeners = nil
	served := false
	for _, l := range g.Spec.Listeners {
		status := gatewayio.ListenerStatus{Name: l.Name, SupportedKinds: []gatewayio.RouteKind{}, Conditions: []metav1.Condition{}}
		if i := slices.IndexFunc(old, func(s gatewayio.ListenerStatus) bool { return s.Name == l.Name }); i >= 0 {
			status.Conditions = old[i].Conditions
		}
		if p.listener(g, l, &status) {
			served = true
		}
		g.Status.Listeners = append(g.Status.Listeners, status)
	}
	return served
}

func (p *pass) listener(g *gatewayio.Gateway, l gatewayio.Listener, status *gatewayio.ListenerStatus) bool {
	var faults []string
	kinds := supported(l.Protocol)
	if kinds == nil {
		faults = append(faults, "Unsupported Listener Protocol.")
	}
	resolved := func(ok bool, reason string, message string) {
		setListener(g, status, gatewayio.ResolvedRefs, ok, reason, message)
	}
	resolved(true, gatewayio.ResolvedRefs, "Resolved Refs")
	if allowed := l.AllowedRoutes; allowed != nil && len(allowed.Kinds) > 0 {
		kinds = slices.DeleteFunc(kinds, func(k gatewayio.RouteKind) bool {
			return !slices.ContainsFunc(allowed.Kinds, func(a gatewayio.RouteKind) bool { return a.Kind == k.Kind && inGroup(a.Group) })
		})
		if len(kinds) != len(allowed.Kinds) {
			resolved(false, gatewayio.ReasonInvalidRouteKinds, "Unsupported Route Kinds in allowedRoutes.kinds")
		}
		if len(kinds) == 0 {
			faults = append(faults, "None of the Allowed Route Kinds are supported.")
		}
	}
	status.SupportedKinds = append(status.SupportedKinds, kinds...)
	if l.TLS != nil {
		for _, ref := range l.TLS.CertificateRefs {
			if reason, condition, fault := p.certificate(g, ref); fault != "" {
				resolved(false, reason, condition)
				faults = append(faults, fault)
				break
			}
		}
	}
	valid := len(faults) == 0
	if valid {
		setListener(g, status, gatewayio.Accepted, true, gatewayio.Accepted, "Listener Accepted")
	} else {
		setListener(g, status, gatewayio.Accepted, false, gatewayio.ReasonInvalid, "Listener not valid. "+strings.Join(faults, " "))
	}
	if !valid || !meta.IsStatusConditionTrue(g.Status.Conditions, gatewayio.Programmed) {
		setListener(g, status, gatewayio.Programmed, false, gatewayio.ReasonPending, "Address not ready yet")
	}
	for _, r := range p.routes {
		if r.attached(p, g, l) {
			status.AttachedRoutes++
		}
	}
	return valid
}

// certificate is why a listener cannot use a certificate: the reason and the message of its condition, and what is told on top.
func (p *pass) certificate(g *gatewayio.Gateway, ref gatewayio.Reference) (string, string, string) {
	if (ref.Group != nil && *ref.Group != "") || (ref.Kind != nil && *ref.Kind != "Secret") {
		return gatewayio.ReasonInvalidCertificateRef, "Invalid CertificateRef", "Invalid CertificateRef, must be a Secret."
	}
	namespace := namespaceOr(ref.Namespace, g.Namespace)
	if namespace != g.Namespace && !p.granted("Gateway", g.Namespace, "Secret", namespace, ref.Name) {
		return gatewayio.ReasonRefNotPermitted, "CertificateRef is not permitted", "Invalid CertificateRef, not permitted."
	}
	if err := p.checkSecret(namespace, ref.Name); err != nil {
		return gatewayio.ReasonInvalidCertificateRef, "Invalid CertificateRef", "Invalid CertificateRef, " + err.Error()
	}
	return "", "", ""
}

func (p *pass) checkSecret(namespace, name string) error {
	secret := cluster.Find[corev1.Secret](p.Cluster, cluster.Secrets, namespace, name)
	if secret == nil {
		return fmt.Errorf("Secret %q not found", name) //nolint:staticcheck // the operator's words
	}
	if block, _ := pem.Decode(secret.Data[corev1.TLSCertKey]); block == nil {
		return errors.New("PEM format error in TLS Certificate")
	}
	if block, _ := pem.Decode(secret.Data[corev1.TLSPrivateKeyKey]); block == nil {
		return errors.New("PEM format error in TLS Key")
	}
	return nil
}

// supported are the kinds of routes that go with a protocol.
func supported(protocol string) []gatewayio.RouteKind {
	group := string(gatewayio.GroupName)
	var kinds []gatewayio.RouteKind
	for _, k := range routeKinds {
		if slices.Contains(k.protocols, protocol) {
			kinds = append(kinds, gatewayio.RouteKind{Group: &group, Kind: k.name})
		}
	}
	return kinds
}

func setListener(g *gatewayio.Gateway, l *gatewayio.ListenerStatus, kind string, ok bool,
	reason string, message string,
) {
	meta.SetStatusCondition(&l.Conditions, metav1.Condition{
		Type: kind, Status: truth(ok), Reason: reason, Message: message, ObservedGeneration: g.Generation,
	})
}

func inGroup(group *string) bool { return group == nil || *group == gatewayio.GroupName }

func namespaceOr(namespace *string, otherwise string) string {
	if namespace == nil || *namespace == "" {
		return otherwise
	}
	return *namespace
}
