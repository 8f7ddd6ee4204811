package gateway

import (
	"github.com/home-ops/home-ops/rack/addons/gateway/gatewayio"
)

// granted reports whether an object of the Gateway API may name a Secret or Service of another namespace.
func (p *pass) granted(kind, from, target, namespace, name string) bool {
	for _, g := range p.grants {
		if g.Typed.Namespace != namespace {
			continue
		}
		comes, goes := false, false
		for _, f := range g.Typed.Spec.From {
			comes = comes || f.Group == gatewayio.GroupName && f.Kind == kind && f.Namespace == from
		}
		for _, t := range g.Typed.Spec.To {
			goes = goes || t.Group == "" && t.Kind == target && (t.Name == "" || t.Name == name)
		}
		if comes && goes {
			return true
		}
	}
	return false
}
