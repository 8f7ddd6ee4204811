package gateway

import (
	"strings"

	"github.com/home-ops/home-ops/rack/addons/gateway/gatewayio"
)

// meets reports whether a listener answers one of a route's names. Others are the names of all listeners of the Gateway: what
// one of them answers more exactly, this one leaves to it. Without others that is not looked at.
func meets(l gatewayio.Listener, names, others []string) bool {
	if len(names) == 0 {
		return true
	}
	var own string
	if l.Hostname != nil {
		own = *l.Hostname
	}
	for _, n := range names {
		name := n
		if own == name || own == "" && !isolated(name, own, others) {
			return true
		}
		wide, broad := strings.HasPrefix(own, "*"), strings.HasPrefix(name, "*")
		switch {
		case wide && (within(name, own) || broad && within(own, name)):
			if !isolated(name, own, others) {
				return true
			}
		case !wide && broad && within(own, name):
			return true
		}
	}
	return false
}

func isolated(name, own string, others []string) bool {
	for _, o := range others {
		other := o
		if other != own && (other == name || strings.HasPrefix(other, "*") && within(name, other) && len(other) > len(own)) {
			return true
		}
	}
	return false
}

// within reports whether a wildcard covers a name.
func within(name, wildcard string) bool {
	suffix := strings.TrimPrefix(wildcard, "*")
	return len(name) > len(suffix) && strings.HasSuffix(name, suffix)
}

func hostnames(g *gatewayio.Gateway) []string {
	var names []string
	for _, l := range g.Spec.Listeners {
		if l.Hostname != nil {
			names = append(names, *l.Hostname)
		}
	}
	return names
}
