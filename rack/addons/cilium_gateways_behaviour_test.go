package addons_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ciliumGateways are the behaviours of gateways and of the routes that name them.
var ciliumGateways = []ciliumBehaviour{
	{"a class that names Cilium is accepted, and no other", func(w *ciliumWorld) {
		w.class()
		w.Eventually(gatewayAPI, "GatewayClass", w.namespace, accepted("message"), `"Valid GatewayClass"`)
		w.Applyf("{apiVersion: %s, kind: GatewayClass, metadata: {name: %s}, spec: {controllerName: example.com/other}}", gatewayAPI, w.other())
		w.Never(gatewayAPI, "GatewayClass", w.other(), accepted("status"), `"True"`)
		w.Delete(gatewayAPI, "GatewayClass", w.other())
	}},
	{"a class with parameters of another kind is refused", func(w *ciliumWorld) {
		w.t.Cleanup(w.leaveGateways)
		w.Applyf(`{apiVersion: %s, kind: GatewayClass, metadata: {name: %s},
  spec: {controllerName: io.cilium/gateway-controller, parametersRef: {group: "", kind: ConfigMap, name: x, namespace: kube-system}}}`, gatewayAPI, w.namespace)
		for field, want := range map[string]string{"status": "False", "reason": "InvalidParameters", "message": "Invalid GatewayClass"} {
			w.Eventually(gatewayAPI, "GatewayClass", w.namespace, accepted(field), `"`+want+`"`)
		}
		w.gateway("edge", "listeners: [{name: http, port: 80, protocol: HTTP}]")
		w.gatewayIs("edge", "Accepted", "False", "InvalidParameters",
			"Invalid GatewayClass parameters: spec.parametersRef.kind must be CiliumGatewayClassConfig")
		w.gatewayIs("edge", "Programmed", "Unknown", "Pending", "Waiting for Accepted condition to be True")
	}},
	{"a gateway gets a Service, and the Service's address", func(w *ciliumWorld) {
		w.served()
		uid := w.gateway("edge", "listeners: [{name: http, port: 80, protocol: HTTP}, {name: more, port: 8080, protocol: HTTP, hostname: app.example.com}]")
		w.gatewayIs("edge", "Accepted", "True", "Accepted", "Gateway successfully scheduled")
		w.gatewayIs("edge", "Programmed", "True", "Programmed", "Gateway Programmed")
		w.field("Gateway", "edge", "status.addresses", addressesOf(w.ip(100), w.six(1)))
		for _, listener := range []string{"http", "more"} {
			w.listenerIs("edge", listener, "Accepted", "True", "Accepted", "Listener Accepted")
			w.listenerIs("edge", listener, "Programmed", "True", "Programmed", "Listener Programmed")
			w.listenerIs("edge", listener, "ResolvedRefs", "True", "ResolvedRefs", "Resolved Refs")
			w.field("Gateway", "edge", "status.listeners.[name="+listener+"].supportedKinds",
				`[{"group":"gateway.networking.k8s.io","kind":"HTTPRoute"},{"group":"gateway.networking.k8s.io","kind":"GRPCRoute"}]`)
			w.attached("edge", listener, 0)
		}
		w.satisfied(serviceOf("edge"), w.ip(100), w.six(1))
		w.field("Service", serviceOf("edge"), "metadata.labels", `{"gateway.networking.k8s.io/gateway-name":"edge","io.cilium.gateway/owning-gateway":"edge"}`)
		w.field("Service", serviceOf("edge"), "metadata.ownerReferences", fmt.Sprintf(
			`[{"apiVersion":"gateway.networking.k8s.io/v1","controller":true,"kind":"Gateway","name":"edge","uid":%q}]`, uid))
		w.ports("edge", 80, 8080)
		w.field("Service", serviceOf("edge"), "spec.type", `"LoadBalancer"`)
		w.field("Service", serviceOf("edge"), "spec.externalTrafficPolicy", `"Cluster"`)
		w.field("Service", serviceOf("edge"), "spec.ipFamilies", `["IPv4","IPv6"]`)
		w.field("Service", serviceOf("edge"), "spec.ipFamilyPolicy", `"PreferDualStack"`)
		w.field("Service", serviceOf("edge"), "spec.selector", "-")
	}},
	{"a gateway without a free address waits for one", func(w *ciliumWorld) {
		w.class()
		w.gateway("edge", "listeners: [{name: http, port: 80, protocol: HTTP}]")
		w.gatewayIs("edge", "Accepted", "True", "Accepted", "Gateway successfully scheduled")
		w.gatewayIs("edge", "Programmed", "False", "AddressNotAssigned", "Gateway waiting for address")
		w.listenerIs("edge", "http", "Programmed", "False", "Pending", "Address not ready yet")
		w.families("pool")
		w.programmed("edge")
		w.listenerIs("edge", "http", "Programmed", "True", "Programmed", "Listener Programmed")
	}},
	{"a gateway gets the address that it asks for, or is told that it cannot have it", func(w *ciliumWorld) {
		w.served()
		w.gateway("edge", fmt.Sprintf("addresses: [{type: IPAddress, value: %s}]\n  listeners: [{name: http, port: 80, protocol: HTTP}]", w.ip(105)))
		w.programmed("edge")
		w.field("Gateway", "edge", "status.addresses", addressesOf(w.ip(105)))
		w.field("Service", serviceOf("edge"), "metadata.annotations", fmt.Sprintf(`{"io.cilium/lb-ipam-ips":%q}`, w.ip(105)))
		w.gateway("half", fmt.Sprintf("addresses: [{value: %s}, {value: %s}]\n  listeners: [{name: http, port: 80, protocol: HTTP}]", w.ip(106), w.ip(200)))
		w.gatewayIs("half", "Programmed", "False", "AddressNotUsable", fmt.Sprintf("StaticAddress %q can't be used", w.ip(200)))
		w.gatewayIs("half", "Accepted", "True", "Accepted", "Gateway successfully scheduled")
		w.gateway("none", fmt.Sprintf("addresses: [{value: %s}]\n  listeners: [{name: http, port: 80, protocol: HTTP}]", w.ip(200)))
		w.gatewayIs("none", "Programmed", "False", "AddressNotAssigned", "Gateway waiting for address")
		w.refused(serviceOf("none"), "no_pool", "No pool exists with a CIDR containing '"+w.ip(200)+"'")
	}},
	{"a gateway that asks for a host name as its address is refused", func(w *ciliumWorld) {
		w.served()
		w.gateway("edge", "addresses: [{type: Hostname, value: app.example.com}]\n  listeners: [{name: http, port: 80, protocol: HTTP}]")
		w.gatewayIs("edge", "Accepted", "False", "UnsupportedAddress", "Unsupported Gateway address, address type is not supported")
		w.gatewayIs("edge", "Programmed", "False", "ListenersNotReady", "Address is not ready")
		w.none("Service", serviceOf("edge"))
		w.field("Gateway", "edge", "status.listeners", "-")
	}},
	{"what a gateway says of its infrastructure its Service has", func(w *ciliumWorld) {
		w.served()
		w.gateway("edge", fmt.Sprintf(`infrastructure:
    labels: {team: home}
    annotations: {lbipam.cilium.io/ips: %s, note: kept}
  listeners: [{name: http, port: 80, protocol: HTTP}]`, w.ip(107)))
		w.satisfied(serviceOf("edge"), w.ip(107))
		w.field("Service", serviceOf("edge"), "metadata.labels.team", `"home"`)
		w.field("Service", serviceOf("edge"), "metadata.annotations.note", `"kept"`)
	}},
	{"a gateway with parameters of its own is refused", func(w *ciliumWorld) {
		w.served()
		w.gateway("edge", `infrastructure: {parametersRef: {group: "", kind: ConfigMap, name: x}}
  listeners: [{name: http, port: 80, protocol: HTTP}]`)
		w.gatewayIs("edge", "Accepted", "False", "InvalidParameters", "Invalid Gateway parameters: spec.infrastructure.parametersRef is not supported")
		w.gatewayIs("edge", "Programmed", "Unknown", "Pending", "Waiting for Accepted condition to be True")
		w.none("Service", serviceOf("edge"))
	}},
	{"a gateway of another class is left to others, and one whose class goes loses its Service", func(w *ciliumWorld) {
		w.served()
		w.gateway("edge", "listeners: [{name: http, port: 80, protocol: HTTP}]")
		w.Applyf(gateway, "other", w.namespace, "other", "listeners: [{name: http, port: 80, protocol: HTTP}]")
		w.programmed("edge")
		w.none("Service", serviceOf("other"))
		w.Delete(gatewayAPI, "GatewayClass", w.namespace)
		w.gone("Service", serviceOf("edge"))
		// A Gateway that goes while its class is not there leaves the genuine operator blind for the Services of all routes: its index of
		// Gateways keeps a name without an object ("cache contained <nil>, which is not an Object").
		w.class()
		w.programmed("edge")
	}},
	{"a Service of a gateway that somebody changes is made right, and keeps what is added", func(w *ciliumWorld) {
		w.served()
		w.gateway("edge", "listeners: [{name: http, port: 80, protocol: HTTP}]")
		w.programmed("edge")
		w.Applyf("{apiVersion: v1, kind: Service, metadata: {name: %s, namespace: %s, labels: {more: kept}}, spec: {ports: [{name: more, port: 81}]}}",
			serviceOf("edge"), w.namespace)
		w.ports("edge", 80)
		w.field("Service", serviceOf("edge"), "metadata.labels.more", `"kept"`)
		w.Delete("v1", "Service", w.key(serviceOf("edge")))
		w.programmed("edge")
		w.ports("edge", 80)
	}},
	{"a listener gets another port when it is changed", func(w *ciliumWorld) {
		w.served()
		w.gateway("edge", "listeners: [{name: http, port: 80, protocol: HTTP}, {name: more, port: 8080, protocol: HTTP}]")
		w.ports("edge", 80, 8080)
		w.gateway("edge", "listeners: [{name: http, port: 81, protocol: HTTP}]")
		w.ports("edge", 81)
		w.field("Gateway", "edge", "status.listeners.[name=more]", "-")
	}},
	{"a listener without its certificate is refused, until the certificate is there", func(w *ciliumWorld) {
		w.served()
		w.gateway("edge", "listeners: [{name: http, port: 80, protocol: HTTP}, "+secured("wildcard", "")+"]")
		w.listenerIs("edge", "https", "Accepted", "False", "Invalid", `Listener not valid. Invalid CertificateRef, Secret "wildcard" not found`)
		w.listenerIs("edge", "https", "ResolvedRefs", "False", "InvalidCertificateRef", "Invalid CertificateRef")
		w.listenerIs("edge", "https", "Programmed", "False", "Pending", "Address not ready yet")
		w.listenerIs("edge", "http", "Programmed", "True", "Programmed", "Listener Programmed")
		w.gatewayIs("edge", "Accepted", "True", "Accepted", "Gateway successfully scheduled")
		w.gatewayIs("edge", "Programmed", "True", "Programmed", "Gateway Programmed")
		w.ports("edge", 80)
		w.certificate("wildcard", w.namespace)
		w.listenerIs("edge", "https", "Programmed", "True", "Programmed", "Listener Programmed")
		w.listenerIs("edge", "https", "ResolvedRefs", "True", "ResolvedRefs", "Resolved Refs")
		w.ports("edge", 80, 443)
		w.Delete("v1", "Secret", w.key("wildcard"))
		w.listenerIs("edge", "https", "Accepted", "False", "Invalid", `Listener not valid. Invalid CertificateRef, Secret "wildcard" not found`)
		w.ports("edge", 80)
	}},
	{"a listener whose certificate is none is refused", func(w *ciliumWorld) {
		w.served()
		for name, data := range map[string]string{"Certificate": "{tls.crt: x, tls.key: x}", "Key": "{tls.crt: \"-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\", tls.key: x}"} {
			gateway := strings.ToLower(name)
			w.Applyf("{apiVersion: v1, kind: Secret, metadata: {name: %s, namespace: %s}, type: kubernetes.io/tls, stringData: %s}", gateway, w.namespace, data)
			w.gateway(gateway, "listeners: ["+secured(gateway, "")+"]")
			w.listenerIs(gateway, "https", "Accepted", "False", "Invalid", "Listener not valid. Invalid CertificateRef, PEM format error in TLS "+name)
		}
		w.gateway("map", "listeners: [{name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{kind: ConfigMap, name: x}]}}]")
		w.listenerIs("map", "https", "Accepted", "False", "Invalid", "Listener not valid. Invalid CertificateRef, must be a Secret.")
		w.listenerIs("map", "https", "ResolvedRefs", "False", "InvalidCertificateRef", "Invalid CertificateRef")
	}},
	{"a listener needs a grant for a certificate of another namespace", func(w *ciliumWorld) {
		w.served()
		w.neighbour()
		w.certificate("wildcard", w.other())
		w.gateway("edge", "listeners: ["+secured("wildcard", w.other())+"]")
		w.listenerIs("edge", "https", "Accepted", "False", "Invalid", "Listener not valid. Invalid CertificateRef, not permitted.")
		w.listenerIs("edge", "https", "ResolvedRefs", "False", "RefNotPermitted", "CertificateRef is not permitted")
		w.grant("Gateway", "Secret", "another")
		w.never("Gateway", "edge", listener("https", "Accepted")+".status", `"True"`)
		w.grant("Gateway", "Secret", "wildcard")
		w.listenerIs("edge", "https", "Programmed", "True", "Programmed", "Listener Programmed")
		w.DeleteAll(gatewayAPI, "ReferenceGrant", w.other())
		w.listenerIs("edge", "https", "ResolvedRefs", "False", "RefNotPermitted", "CertificateRef is not permitted")
	}},
	{"a gateway without a listener that can be served is refused, and gets no Service", func(w *ciliumWorld) {
		w.served()
		w.gateway("edge", "listeners: ["+secured("wildcard", "")+"]")
		w.gatewayIs("edge", "Accepted", "False", "ListenersNotValid", "No Accepted Listeners")
		w.gatewayIs("edge", "Programmed", "False", "ListenersNotValid", "No Accepted Listeners")
		w.none("Service", serviceOf("edge"))
		w.certificate("wildcard", w.namespace)
		w.programmed("edge")
	}},
	{"a protocol that nobody knows is refused", func(w *ciliumWorld) {
		w.served()
		w.gateway("edge", "listeners: [{name: http, port: 80, protocol: HTTP}, {name: odd, port: 81, protocol: example.com/odd}]")
		w.listenerIs("edge", "odd", "Accepted", "False", "UnsupportedProtocol", "Listener not valid. Unsupported Listener Protocol.")
		w.gatewayIs("edge", "Accepted", "True", "ListenersNotValid", "Gateway has unsupported listeners")
		w.gatewayIs("edge", "Programmed", "True", "Programmed", "Gateway Programmed")
		w.ports("edge", 80)
	}},
	{"a listener for TLS serves what passes through, and nothing that ends there", func(w *ciliumWorld) {
		w.served()
		w.certificate("wildcard", w.namespace)
		w.gateway("edge", `listeners:
  - {name: through, port: 8443, protocol: TLS, hostname: a.example.com, tls: {mode: Passthrough}}
  - {name: ends, port: 9443, protocol: TLS, hostname: b.example.com, tls: {mode: Terminate, certificateRefs: [{name: wildcard}]}}`)
		w.listenerIs("edge", "through", "Accepted", "True", "Accepted", "Listener Accepted")
		w.field("Gateway", "edge", "status.listeners.[name=through].supportedKinds", `[{"group":"gateway.networking.k8s.io","kind":"TLSRoute"}]`)
		w.listenerIs("edge", "ends", "Accepted", "False", "UnsupportedValue", "Listener not valid. Using TLSRoute with TLS.mode Terminate is unsupported.")
		w.Applyf(`{apiVersion: %s, kind: TLSRoute, metadata: {name: app, namespace: %s}, spec: {hostnames: [a.example.com],
  parentRefs: [{name: edge}], rules: [{backendRefs: [{name: app, port: 443}]}]}}`, gatewayAPI, w.namespace)
		w.condition("TLSRoute", "app", parent("Accepted"), "True", "Accepted", "Accepted TLSRoute")
		w.condition("TLSRoute", "app", parent("ResolvedRefs"), "False", "BackendNotFound", `Service "app" not found`)
		w.attached("edge", "through", 1)
	}},
	{"a port cannot both end TLS and let it pass for the same names", func(w *ciliumWorld) {
		w.served()
		w.certificate("wildcard", w.namespace)
		w.gateway("edge", `listeners:
  - {name: http, port: 80, protocol: HTTP}
  - {name: through, port: 443, protocol: TLS, hostname: "*.example.com", tls: {mode: Passthrough}}
  - `+strings.Replace(secured("wildcard", ""), "name: https,", "name: https, hostname: app.example.com,", 1))
		w.listenerIs("edge", "https", "Conflicted", "True", "ProtocolConflict",
			`Listener conflicts with listener "through": same port 443 has overlapping HTTPS and TLS passthrough hostnames.`)
		w.listenerIs("edge", "https", "Accepted", "False", "Invalid",
			`Listener not valid. Listener conflicts with listener "through": same port 443 has overlapping HTTPS and TLS passthrough hostnames.`)
		w.listenerIs("edge", "through", "Conflicted", "True", "ProtocolConflict",
			`Listener conflicts with listener "https": same port 443 has overlapping HTTPS and TLS passthrough hostnames.`)
		w.ports("edge", 80)
	}},
	{"a listener takes the kinds of routes that it names, as far as there are such", func(w *ciliumWorld) {
		w.served()
		w.gateway("edge", `listeners:
  - {name: grpc, port: 80, protocol: HTTP, allowedRoutes: {kinds: [{kind: GRPCRoute}]}}
  - {name: half, port: 81, protocol: HTTP, allowedRoutes: {kinds: [{kind: HTTPRoute}, {kind: TLSRoute}]}}
  - {name: none, port: 82, protocol: HTTP, allowedRoutes: {kinds: [{kind: TLSRoute}]}}`)
		w.field("Gateway", "edge", "status.listeners.[name=grpc].supportedKinds", `[{"group":"gateway.networking.k8s.io","kind":"GRPCRoute"}]`)
		w.listenerIs("edge", "half", "ResolvedRefs", "False", "InvalidRouteKinds", "Unsupported Route Kinds in allowedRoutes.kinds")
		w.listenerIs("edge", "half", "Accepted", "True", "Accepted", "Listener Accepted")
		w.listenerIs("edge", "none", "Accepted", "False", "Invalid", "Listener not valid. None of the Allowed Route Kinds are supported.")
		w.backend("app", w.namespace)
		w.routeTo("grpc", "{name: edge, sectionName: grpc}")
		w.accepted("grpc", "False", "NotAllowedByListeners", "HTTPRoute is not allowed to attach to this Gateway due to route kind restrictions")
		w.routeTo("half", "{name: edge, sectionName: half}")
		w.accepted("half", "True", "Accepted", "Accepted HTTPRoute")
		w.routeTo("any", "{name: edge}")
		w.accepted("any", "True", "Accepted", "Accepted HTTPRoute")
		w.attached("edge", "grpc", 0)
		w.attached("edge", "half", 2)
	}},
	{"a listener counts the routes that it takes, those with a missing backend too", func(w *ciliumWorld) {
		w.served()
		w.backend("app", w.namespace)
		w.gateway("edge", "listeners: [{name: http, port: 80, protocol: HTTP}, {name: more, port: 81, protocol: HTTP}]")
		w.routeTo("one", "{name: edge, sectionName: http}")
		w.routeTo("two", "{name: edge}")
		w.routeTo("port", "{name: edge, port: 81}")
		w.route("missing", "parentRefs: [{name: edge, sectionName: more}]\n  rules: [{backendRefs: [{name: nobody, port: 80}]}]")
		w.attached("edge", "http", 2)
		w.attached("edge", "more", 3)
		w.Delete(gatewayAPI, "HTTPRoute", w.key("two"))
		w.attached("edge", "http", 1)
		w.attached("edge", "more", 2)
	}},
	{"a listener takes routes of its own namespace, of all, or of those that it selects", func(w *ciliumWorld) {
		w.served()
		w.neighbour()
		w.gateway("edge", `listeners:
  - {name: same, port: 80, protocol: HTTP}
  - {name: all, port: 81, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}
  - {name: selects, port: 82, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {gateway: yes-please}}}}}`)
		for _, name := range []string{"same", "all", "selects"} {
			w.Applyf(route, name, w.other(), fmt.Sprintf("parentRefs: [{name: edge, namespace: %s, sectionName: %s}]", w.namespace, name))
		}
		const refused = "HTTPRoute is not allowed to attach to this Gateway due to namespace restrictions"
		w.accepted(w.other()+"/same", "False", "NotAllowedByListeners", refused)
		w.accepted(w.other()+"/all", "True", "Accepted", "Accepted HTTPRoute")
		w.accepted(w.other()+"/selects", "False", "NotAllowedByListeners", refused)
		w.attached("edge", "all", 1)
		w.attached("edge", "selects", 0)
		w.neighbour("gateway: yes-please")
		w.accepted(w.other()+"/selects", "True", "Accepted", "Accepted HTTPRoute")
		w.attached("edge", "selects", 1)
		w.attached("edge", "same", 0)
	}},
	{"a listener takes routes of the names that it answers", func(w *ciliumWorld) {
		w.served()
		w.gateway("edge", `listeners:
  - {name: wide, port: 80, protocol: HTTP, hostname: "*.example.com"}
  - {name: exact, port: 81, protocol: HTTP, hostname: app.example.com}`)
		for name, hosts := range map[string]string{
			"within": "[other.example.com]", "deeper": "[a.b.example.com]", "exact": "[app.example.com]", "wild": `["*.example.com"]`, "any": "[]",
			"itself": "[example.com]", "foreign": "[app.example.org]", "one-of-two": "[app.example.org, app.example.com]",
		} {
			w.route(name, "hostnames: "+hosts+"\n  parentRefs: [{name: edge}]")
		}
		for _, name := range []string{"within", "deeper", "exact", "wild", "any", "one-of-two"} {
			w.accepted(name, "True", "Accepted", "Accepted HTTPRoute")
		}
		for _, name := range []string{"itself", "foreign"} {
			w.accepted(name, "False", "NoMatchingListenerHostname", "No matching listener hostname")
		}
		// What another listener answers more exactly is counted here, too.
		w.attached("edge", "wide", 6)
		w.attached("edge", "exact", 4)
	}},
	{"a route is told when no listener has its port, name or protocol", func(w *ciliumWorld) {
		w.served()
		w.gateway("edge", "listeners: [{name: http, port: 80, protocol: HTTP}]")
		w.gateway("through", "listeners: [{name: tls, port: 443, protocol: TLS, tls: {mode: Passthrough}}]")
		w.routeTo("port", "{name: edge, port: 81}")
		w.accepted("port", "False", "NoMatchingParent", "No matching listener with port 81")
		w.routeTo("section", "{name: edge, sectionName: https}")
		w.accepted("section", "False", "NoMatchingParent", "No matching listener with sectionName https")
		w.routeTo("protocol", "{name: through}")
		w.accepted("protocol", "False", "NotAllowedByListeners", "No matching listener protocol; route requires one of: [HTTP HTTPS]")
		w.attached("edge", "http", 0)
	}},
	{"a route is told when its backend is not there, and when it comes and goes", func(w *ciliumWorld) {
		w.served()
		w.gateway("edge", "listeners: [{name: http, port: 80, protocol: HTTP}]")
		w.routeTo("app", "{name: edge}")
		w.accepted("app", "True", "Accepted", "Accepted HTTPRoute")
		w.resolved("app", "False", "BackendNotFound", `Service "app" not found`)
		w.backend("app", w.namespace)
		w.resolved("app", "True", "ResolvedRefs", "Service reference is valid")
		w.Delete("v1", "Service", w.key("app"))
		w.resolved("app", "False", "BackendNotFound", `Service "app" not found`)
	}},
	{"a route is told when its backend has no such port, or is of another kind", func(w *ciliumWorld) {
		w.served()
		w.backend("app", w.namespace)
		w.gateway("edge", "listeners: [{name: http, port: 80, protocol: HTTP}]")
		w.route("port", "parentRefs: [{name: edge}]\n  rules: [{backendRefs: [{name: app, port: 81}]}]")
		w.resolved("port", "False", "BackendNotFound", "Service port 81 could not be resolved for backend "+w.key("app"))
		w.route("kind", "parentRefs: [{name: edge}]\n  rules: [{backendRefs: [{group: example.com, kind: Bucket, name: app, port: 80}]}]")
		w.resolved("kind", "False", "InvalidKind", "Unsupported backend kind Bucket")
		w.attached("edge", "http", 2)
	}},
	{"a route needs a grant for a backend of another namespace", func(w *ciliumWorld) {
		w.served()
		w.neighbour()
		w.backend("app", w.other())
		w.gateway("edge", "listeners: [{name: http, port: 80, protocol: HTTP}]")
		w.route("app", fmt.Sprintf("parentRefs: [{name: edge}]\n  rules: [{backendRefs: [{name: app, namespace: %s, port: 80}]}]", w.other()))
		w.accepted("app", "True", "Accepted", "Accepted HTTPRoute")
		w.resolved("app", "False", "RefNotPermitted", "Cross namespace references are not allowed")
		w.grant("GRPCRoute", "Service", "app")
		w.never("HTTPRoute", "app", parent("ResolvedRefs")+".status", `"True"`)
		w.grant("HTTPRoute", "Service", "app")
		w.resolved("app", "True", "ResolvedRefs", "Service reference is valid")
		w.DeleteAll(gatewayAPI, "ReferenceGrant", w.other())
		w.resolved("app", "False", "RefNotPermitted", "Cross namespace references are not allowed")
	}},
	{"a route of a gateway that there is not is told nothing, until there is one", func(w *ciliumWorld) {
		w.served()
		w.backend("app", w.namespace)
		w.routeTo("app", "{name: edge}")
		w.routeTo("seen", "{name: there}")
		w.gateway("there", "listeners: [{name: http, port: 80, protocol: HTTP}]")
		w.accepted("seen", "True", "Accepted", "Accepted HTTPRoute")
		w.field("HTTPRoute", "app", "status", "-")
		w.gateway("edge", "listeners: [{name: http, port: 80, protocol: HTTP}]")
		w.accepted("app", "True", "Accepted", "Accepted HTTPRoute")
		w.attached("edge", "http", 1)
	}},
	{"a route with two gateways is told by each, and by none that it no longer names", func(w *ciliumWorld) {
		w.served()
		w.backend("app", w.namespace)
		w.gateway("one", "listeners: [{name: http, port: 80, protocol: HTTP}]")
		w.gateway("two", "listeners: [{name: http, port: 80, protocol: HTTP, hostname: other.example.com}]")
		w.route("app", "hostnames: [app.example.com]\n  parentRefs: [{name: one}, {name: two}]\n  rules: [{backendRefs: [{name: app, port: 80}]}]")
		w.condition("HTTPRoute", "app", parentNamed("one", "Accepted"), "True", "Accepted", "Accepted HTTPRoute")
		w.condition("HTTPRoute", "app", parentNamed("two", "Accepted"), "False", "NoMatchingListenerHostname", "No matching listener hostname")
		w.attached("one", "http", 1)
		w.attached("two", "http", 0)
		w.route("app", "hostnames: [app.example.com]\n  parentRefs: [{name: one}]\n  rules: [{backendRefs: [{name: app, port: 80}]}]")
		w.field("HTTPRoute", "app", parentNamed("two", "Accepted")+".status", "-")
		w.condition("HTTPRoute", "app", parentNamed("one", "Accepted"), "True", "Accepted", "Accepted HTTPRoute")
	}},
	{"a route whose gateway goes says what it said", func(w *ciliumWorld) {
		w.served()
		w.backend("app", w.namespace)
		w.gateway("edge", "listeners: [{name: http, port: 80, protocol: HTTP}]")
		w.routeTo("app", "{name: edge}")
		w.accepted("app", "True", "Accepted", "Accepted HTTPRoute")
		w.Delete(gatewayAPI, "Gateway", w.key("edge"))
		w.gone("Gateway", "edge")
		w.never("HTTPRoute", "app", parent("Accepted")+".status", "-")
	}},
	{"a route that names two listeners, of which one refuses it, is served by the other", func(w *ciliumWorld) {
		w.served()
		w.neighbour()
		w.gateway("edge", `listeners:
  - {name: same, port: 80, protocol: HTTP}
  - {name: all, port: 81, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}`)
		w.Applyf(route, "app", w.other(), fmt.Sprintf("parentRefs: [{name: edge, namespace: %[1]s, sectionName: same}, {name: edge, namespace: %[1]s, sectionName: all}]", w.namespace))
		w.attached("edge", "all", 1)
		w.attached("edge", "same", 0)
	}},
	{"a listener for TCP serves routes of its own kind", func(w *ciliumWorld) {
		w.served()
		w.backend("app", w.namespace)
		w.gateway("edge", "listeners: [{name: raw, port: 25, protocol: TCP}]")
		w.field("Gateway", "edge", "status.listeners.[name=raw].supportedKinds", `[{"group":"gateway.networking.k8s.io","kind":"TCPRoute"}]`)
		w.Applyf("{apiVersion: %s, kind: TCPRoute, metadata: {name: app, namespace: %s}, spec: {parentRefs: [{name: edge}], rules: [{backendRefs: [{name: app, port: 80}]}]}}",
			gatewayAPI, w.namespace)
		w.condition("TCPRoute", "app", parent("Accepted"), "True", "Accepted", "Accepted TCPRoute")
		w.condition("TCPRoute", "app", parent("ResolvedRefs"), "True", "ResolvedRefs", "Service reference is valid")
		w.attached("edge", "raw", 1)
		w.routeTo("http", "{name: edge}")
		w.accepted("http", "False", "NotAllowedByListeners", "No matching listener protocol; route requires one of: [HTTP HTTPS]")
	}},
	{"a route for gRPC is served like one for HTTP", func(w *ciliumWorld) {
		w.served()
		w.backend("app", w.namespace)
		w.gateway("edge", "listeners: [{name: http, port: 80, protocol: HTTP}]")
		w.Applyf(`{apiVersion: %s, kind: GRPCRoute, metadata: {name: app, namespace: %s}, spec: {hostnames: [a.example.com],
  parentRefs: [{name: edge}], rules: [{backendRefs: [{name: app, port: 80}]}]}}`, gatewayAPI, w.namespace)
		w.condition("GRPCRoute", "app", parent("Accepted"), "True", "Accepted", "Accepted GRPCRoute")
		w.condition("GRPCRoute", "app", parent("ResolvedRefs"), "True", "ResolvedRefs", "Service reference is valid")
		w.attached("edge", "http", 1)
	}},
}

const (
	// gateway is one: name, namespace, class, and the rest of its spec.
	gateway = `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: %s, namespace: %s}
spec:
  gatewayClassName: %s
  %s`
	// route is one: name, namespace, and its spec.
	route = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: %s, namespace: %s}
spec:
  %s`
)

// served has a class that is accepted, and a pool of both families. Which Gateways are Cilium's the genuine operator knows by what it knew
// of their class when it last saw them.
func (w *ciliumWorld) served() {
	w.t.Helper()
	w.class()
	w.Eventually(gatewayAPI, "GatewayClass", w.namespace, accepted("status"), `"True"`)
	w.families("pool")
}

// class is one of Cilium's, called as the namespace.
func (w *ciliumWorld) class() {
	w.t.Helper()
	w.t.Cleanup(w.leaveGateways)
	w.Applyf("{apiVersion: %s, kind: GatewayClass, metadata: {name: %s}, spec: {controllerName: io.cilium/gateway-controller}}", gatewayAPI, w.namespace)
}

// gateway makes a Gateway and returns its UID.
func (w *ciliumWorld) gateway(name, spec string) string {
	w.t.Helper()
	return string(w.Applyf(gateway, name, w.namespace, w.namespace, spec).GetUID())
}

func (w *ciliumWorld) route(name, spec string) {
	w.t.Helper()
	w.Applyf(route, name, w.namespace, spec)
}

// routeTo is a route to the Service app for all names.
func (w *ciliumWorld) routeTo(name, parent string) {
	w.t.Helper()
	w.route(name, "parentRefs: ["+parent+"]\n  rules: [{backendRefs: [{name: app, port: 80}]}]")
}

func (w *ciliumWorld) backend(name, namespace string) {
	w.t.Helper()
	w.Applyf("{apiVersion: v1, kind: Service, metadata: {name: %s, namespace: %s}, spec: {ports: [{port: 80}]}}", name, namespace)
}

// certificate is a Secret that looks like one.
func (w *ciliumWorld) certificate(name, namespace string) {
	w.t.Helper()
	w.Apply(strings.Replace(wildcard, "{name: wildcard, namespace: network}", fmt.Sprintf("{name: %s, namespace: %s}", name, namespace), 1))
}

// grant lets objects of this namespace name an object of the other one.
func (w *ciliumWorld) grant(from, to, name string) {
	w.t.Helper()
	w.Applyf(`{apiVersion: %s, kind: ReferenceGrant, metadata: {name: grant, namespace: %s}, spec: {
  from: [{group: gateway.networking.k8s.io, kind: %s, namespace: %s}], to: [{group: "", kind: %s, name: %s}]}}`,
		gatewayAPI, w.other(), from, w.namespace, to, name)
}

// secured is a listener with a certificate, of another namespace unless that is empty.
func secured(certificate, namespace string) string {
	if namespace != "" {
		certificate += ", namespace: " + namespace
	}
	return "{name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: " + certificate + "}]}}"
}

// serviceOf is the Service of a Gateway.
func serviceOf(gateway string) string { return "cilium-gateway-" + gateway }

func accepted(field string) string { return "status.conditions.[type=Accepted]." + field }

func listener(name, kind string) string {
	return "status.listeners.[name=" + name + "].conditions.[type=" + kind + "]"
}

// parent is where a route's only parent tells a condition.
func parent(kind string) string {
	return "status.parents.[controllerName=io~cilium/gateway-controller].conditions.[type=" + kind + "]"
}

func (w *ciliumWorld) gatewayIs(name, kind string, want ...string) {
	w.t.Helper()
	w.condition("Gateway", name, "status.conditions.[type="+kind+"]", want...)
}

func (w *ciliumWorld) listenerIs(gateway, name, kind string, want ...string) {
	w.t.Helper()
	w.condition("Gateway", gateway, listener(name, kind), want...)
}

func (w *ciliumWorld) programmed(gateway string) {
	w.t.Helper()
	w.gatewayIs(gateway, "Programmed", "True", "Programmed", "Gateway Programmed")
}

// accepted waits for what a route's only parent says of it.
func (w *ciliumWorld) accepted(route string, want ...string) {
	w.t.Helper()
	w.condition("HTTPRoute", route, parent("Accepted"), want...)
}

// resolved waits for what a route's only parent says of its backends.
func (w *ciliumWorld) resolved(route string, want ...string) {
	w.t.Helper()
	w.condition("HTTPRoute", route, parent("ResolvedRefs"), want...)
}

func (w *ciliumWorld) attached(gateway, listener string, want int) {
	w.t.Helper()
	w.field("Gateway", gateway, "status.listeners.[name="+listener+"].attachedRoutes", fmt.Sprint(want))
}

// none watches for a moment that there is no such object.
func (w *ciliumWorld) none(kind, name string) {
	w.t.Helper()
	w.never(kind, name, "metadata.name", fmt.Sprintf("%q", name))
}

// ports waits for the Service of a Gateway to have these ports and no others.
func (w *ciliumWorld) ports(gateway string, want ...int) {
	w.t.Helper()
	var got []string
	var wanted []string
	for _, port := range want {
		wanted = append(wanted, fmt.Sprintf("port-%d %d TCP", port, port))
	}
	for end := time.Now().Add(w.Patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		var ports []struct {
			Name, Protocol string
			Port           int
		}
		if text := w.Field("v1", "Service", w.key(serviceOf(gateway)), "spec.ports"); text != "-" {
			if err := json.Unmarshal([]byte(text), &ports); err != nil {
				w.t.Fatal(err)
			}
		}
		got = nil
		for _, port := range ports {
			got = append(got, fmt.Sprintf("%s %d %s", port.Name, port.Port, port.Protocol))
		}
		if slices.Equal(got, wanted) {
			return
		}
	}
	w.t.Fatalf("the Service of gateway %s has ports %q, want %q", gateway, got, wanted)
}

// addressesOf are the addresses of a Gateway, as its status has them.
func addressesOf(addresses ...string) string {
	var list []string
	for _, address := range addresses {
		list = append(list, fmt.Sprintf(`{"type":"IPAddress","value":%q}`, address))
	}
	return "[" + strings.Join(list, ",") + "]"
}

// parentNamed is where one of a route's parents tells a condition.
func parentNamed(gateway, kind string) string {
	return "status.parents.[parentRef=map[group:gateway~networking~k8s~io kind:Gateway name:" + gateway + "]].conditions.[type=" + kind + "]"
}
