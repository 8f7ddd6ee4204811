package gateway

import (
	"fmt"
	"strings"

	"github.com/home-ops/home-ops/rack/addons/gateway/gatewayio"
)

// clashesOf are the listeners of a Gateway that cannot be on one port, by their names, with what each is told. The API server lets no
// two of one protocol, port and name pass.
func clashesOf(listeners []gatewayio.Listener) map[string]string {
	told := map[string]string{}
	for i, a := range listeners {
		for _, b := range listeners[i+1:] {
			if what := clash(a, b); what != "" {
				told[a.Name] = fmt.Sprintf("Listener conflicts with listener %q: same port %d has %s.", b.Name, a.Port, what)
				told[b.Name] = fmt.Sprintf("Listener conflicts with listener %q: same port %d has %s.", a.Name, b.Port, what)
			}
		}
	}
	return told
}

func clash(a, b gatewayio.Listener) string {
	switch {
	case a.Port != b.Port:
		return ""
	case raw(a) || raw(b):
		if raw(a) && raw(b) && a.Protocol != b.Protocol {
			return ""
		}
		return "incompatible protocols"
	case (ends(a) && passes(b) || passes(a) && ends(b)) && common(a, b):
		return "overlapping HTTPS and TLS passthrough hostnames"
	}
	return ""
}

// raw is a listener that tells nothing apart on its port.
func raw(l gatewayio.Listener) bool {
	return l.Protocol == gatewayio.TCP || l.Protocol == gatewayio.UDP
}

func ends(l gatewayio.Listener) bool { return l.Protocol == gatewayio.HTTPS }

func passes(l gatewayio.Listener) bool {
	return l.Protocol == gatewayio.TLS && l.TLS != nil && l.TLS.Mode != nil && *l.TLS.Mode == gatewayio.Passthrough
}

// common reports whether two listeners answer one name.
func common(a, b gatewayio.Listener) bool {
	first, second := nameOf(a), nameOf(b)
	return first == second || strings.HasPrefix(first, "*") && within(second, first) || strings.HasPrefix(second, "*") && within(first, second)
}

// nameOf is the name that a listener answers; * where it has none.
func nameOf(l gatewayio.Listener) string {
	if l.Hostname == nil || *l.Hostname == "" {
		return "*"
	}
	return *l.Hostname
}
