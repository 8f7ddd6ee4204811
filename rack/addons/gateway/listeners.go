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

// listeners fills in the status of a Gateway's listeners, and returns those that can be served, and whether another has a protocol that
// nobody knows.
func (p *pass) listeners(g *gatewayio.Gateway) (valid []gatewayio.Listener, unknown bool) {
	clashes := clashesOf(g.Spec.Listeners)
	g.Status.Listeners = nil
	for _, l := range g.Spec.Listeners {
		status := gatewayio.ListenerStatus{Name: l.Name, SupportedKinds: []gatewayio.RouteKind{}, Conditions: []metav1.Condition{}}
		if message := clashes[l.Name]; message != "" {
			setListener(g, &status, gatewayio.Conflicted, true, gatewayio.ReasonProtocolConflict, message)
		}
		faults, reason := p.faults(g, l, &status)
		if message := clashes[l.Name]; message != "" {
			faults = append([]string{message}, faults...)
		}
		if len(faults) > 0 {
			setListener(g, &status, gatewayio.Accepted, false, reason, "Listener not valid. "+strings.Join(faults, " "))
		} else {
			valid = append(valid, l)
			setListener(g, &status, gatewayio.Accepted, true, gatewayio.Accepted, "Listener Accepted")
			if meta.FindStatusCondition(status.Conditions, gatewayio.ResolvedRefs) == nil {
				setListener(g, &status, gatewayio.ResolvedRefs, true, gatewayio.ResolvedRefs, "Resolved Refs")
			}
		}
		unknown = unknown || reason == gatewayio.ReasonUnsupportedProtocol
		setListener(g, &status, gatewayio.Programmed, false, gatewayio.ReasonPending, "Address not ready yet")
		for _, r := range p.routes {
			if r.attached(p, g, l) {
				status.AttachedRoutes++
			}
		}
		g.Status.Listeners = append(g.Status.Listeners, status)
	}
	return valid, unknown
}

// faults are what is wrong with a listener by itself, and the reason for which it is not accepted then. What is wrong with what it
// names is in its status.
func (p *pass) faults(g *gatewayio.Gateway, l gatewayio.Listener, status *gatewayio.ListenerStatus) (faults []string, reason string) {
	reason = gatewayio.ReasonInvalid
	kinds := supported(l.Protocol)
	if kinds == nil {
		faults, reason = append(faults, "Unsupported Listener Protocol."), gatewayio.ReasonUnsupportedProtocol
	}
	unresolved := func(reason, message string) { setListener(g, status, gatewayio.ResolvedRefs, false, reason, message) }
	if allowed := l.AllowedRoutes; allowed != nil && len(allowed.Kinds) > 0 {
		kinds = slices.DeleteFunc(kinds, func(k gatewayio.RouteKind) bool {
			return !slices.ContainsFunc(allowed.Kinds, func(a gatewayio.RouteKind) bool { return a.Kind == k.Kind && inGroup(a.Group) })
		})
		if len(kinds) != len(allowed.Kinds) {
			unresolved(gatewayio.ReasonInvalidRouteKinds, "Unsupported Route Kinds in allowedRoutes.kinds")
			if len(kinds) == 0 {
				faults = append(faults, "None of the Allowed Route Kinds are supported.")
			}
		}
	}
	if l.TLS != nil {
		for _, ref := range l.TLS.CertificateRefs {
			if why, condition, fault := p.certificate(g, ref); fault != "" {
				unresolved(why, condition)
				faults = append(faults, fault)
				break
			}
		}
		if l.Protocol == gatewayio.TLS && l.TLS.Mode != nil && *l.TLS.Mode == gatewayio.Terminate {
			faults, reason, kinds = append(faults, "Using TLSRoute with TLS.mode Terminate is unsupported."), gatewayio.ReasonUnsupportedValue, nil
		}
	}
	status.SupportedKinds = append(status.SupportedKinds, kinds...)
	return faults, reason
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
