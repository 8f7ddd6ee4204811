package picture

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"

	"github.com/home-ops/home-ops/components/edge"
	"github.com/home-ops/home-ops/spec"
)

// hop is one place that a request passes.
type hop struct {
	mark, title string
	says        []string
	// by is how the request gets here.
	by string
}

// drawRequests is the way of a request from the internet and from the couch to an app.
func drawRequests(stack *spec.Stack) *canvas {
	c := newCanvas("The way of a request to "+stack.Name,
		"Left from the internet, right from the couch, to an app that both may reach: app."+stack.Cluster.Domain+".")
	if !edge.Enabled(stack) {
		c.paragraph(margin, inner, "", "The stack has no gateways: an app is reached with kubectl port-forward, or by a Service with an address of a pool.")
		return c
	}
	const gap = 16.0
	column := (inner - gap) / 2
	top := c.y
	left := c.lane(margin, column, internet(stack))
	c.y = top
	right := c.lane(margin+column+gap, column, couch(stack))
	bottom := max(left, right) + 28
	for _, lane := range []struct{ x, from float64 }{{margin + column/2, left}, {margin + column + gap + column/2, right}} {
		c.arrow(lane.x, lane.from, bottom)
	}
	c.y = bottom
	c.hop(margin, inner, hop{mark: "cluster", title: "Cilium's Envoy, on that node", says: []string{
		"The HTTPRoute of the app names its gateway and its Service. Network policy decides whether the gateway may reach the app's pods.",
	}})
	c.arrow(width/2, c.y, c.y+24)
	c.y += 24
	c.hop(margin, inner, hop{mark: "cluster", title: "The app's pod, on any node", says: []string{
		"Its address is of " + join(stack.Network.PodCIDRs) + ". Between nodes the packet goes " + routing(stack) + ".",
	}})
	return c
}

// routing is how pods of two nodes reach each other.
func routing(stack *spec.Stack) string {
	words := "through a tunnel (" + cmp.Or(string(stack.Cilium.TunnelProtocol), "vxlan") + ")"
	if stack.Cilium.Routing == spec.RoutingNative {
		words = "as it is"
	}
	if stack.Cilium.Encryption.Type == spec.EncryptionWireGuard {
		words += ", encrypted by WireGuard"
	}
	return words
}

func join[T fmt.Stringer](all []T) string {
	var out []string
	for _, one := range all {
		out = append(out, one.String())
	}
	return strings.Join(out, ", ")
}

// internet is the way of somebody outside, or that there is none.
func internet(stack *spec.Stack) []hop {
	e := stack.Edge
	name := "app." + stack.Cluster.Domain
	someone := hop{mark: "outside", title: "Somebody outside", says: []string{"asks for https://" + name}}
	if e.Exposure == spec.ExposureNone || len(e.Gateways.External) == 0 || len(e.PublicZones()) == 0 {
		return []hop{someone, {mark: "outside", title: "Nothing", says: []string{"No name is published, and no way leads in."}, by: "public DNS"}}
	}
	holder := e.PublicZones()[0].Holder
	dns := hop{
		mark: "outside", title: holder + " DNS", by: "public DNS",
		says: []string{name + " is a CNAME to external." + stack.Cluster.Domain + ", written by external-dns out of the route."},
	}
	gateway := hop{mark: "gateway", title: "External gateway", says: []string{join(e.Gateways.External), "with the certificate of *." + stack.Cluster.Domain}}
	if e.Exposure == spec.ExposureDirect {
		gateway.by = "port 443"
		return []hop{someone, dns, {mark: "home", title: "The router", says: []string{"at " + cmp.Or(e.DNS.PublicTarget, "the home's public address")}, by: "https"}, gateway}
	}
	gateway.by = "https"
	return []hop{
		someone, dns,
		{mark: "outside", title: "Cloudflare's edge", says: []string{"The first TLS ends here; the router forwards no port."}, by: "https"},
		{mark: "cluster", title: "cloudflared", says: []string{"two pods that opened the tunnel from inside"}, by: "tunnel"},
		gateway,
	}
}

// couch is the way of somebody at home.
func couch(stack *spec.Stack) []hop {
	e := stack.Edge
	addresses, name := e.Gateways.Internal, "Internal gateway"
	if len(addresses) == 0 {
		addresses, name = e.Gateways.External, "External gateway"
	}
	return []hop{
		{mark: "home", title: "A laptop on the couch", says: []string{"asks for https://app." + stack.Cluster.Domain}},
		{mark: "home", title: "The home's resolver", says: homeDNS(e), by: "DNS"},
		{mark: "home", title: "The network", says: announced(stack, addresses), by: "https"},
		{mark: "gateway", title: name, says: []string{join(addresses), "with the same certificate; nothing of it leaves the house"}, by: "to that node"},
	}
}

// homeDNS is who answers a name at home.
func homeDNS(e spec.Edge) []string {
	var out []string
	if len(e.Gateways.DNS) > 0 {
		out = append(out, "forwards the domain to k8s-gateway at "+join(e.Gateways.DNS))
	}
	if e.DNS.UniFi != nil {
		out = append(out, "UniFi knows the name: external-dns wrote it there")
	}
	if len(out) == 0 {
		out = append(out, "has to be told the name: the stack publishes none at home")
	}
	return out
}

// announced is how the network knows where an address of a pool is.
func announced(stack *spec.Stack, to []netip.Addr) []string {
	if b := stack.Cilium.BGP; b != nil {
		nodes := map[string]bool{}
		for _, p := range b.Peers {
			for _, n := range stack.PeerNodes(p) {
				nodes[n] = true
			}
		}
		return []string{fmt.Sprintf("The router learned %s by BGP from %s.", join(to), plural(len(nodes), "node"))}
	}
	if stack.Cilium.L2.Enabled {
		return []string{"One node answers for " + join(to) + ", another one when it is gone."}
	}
	return []string{"Nobody announces " + join(to) + ": the router needs a static route."}
}

// lane draws hops one below the other and returns where the last one ends.
func (c *canvas) lane(x, w float64, hops []hop) float64 {
	for i, h := range hops {
		if i > 0 {
			c.arrow(x+w/2, c.y, c.y+26)
			c.text(x+w/2+9, c.y+16, "dim", h.by)
			c.y += 26
		}
		c.hop(x, w, h)
	}
	return c.y
}

// hop draws one place, as high as its words.
func (c *canvas) hop(x, w float64, h hop) {
	top := c.y
	draft := &canvas{y: top + 8, used: c.used}
	for _, line := range wrap(h.title, (w-24)*sizeText/sizeHead, false) {
		draft.text(x+14, draft.y+13, "head", line)
		draft.y += 18
	}
	draft.y += 2
	for _, words := range h.says {
		draft.paragraph(x+14, w-24, "dim", words)
	}
	height := draft.y + 8 - top
	c.rect(box{x, top, w, height}, 6, "panel", h.title)
	c.rect(box{x, top, 5, height}, 2, h.mark, "")
	c.body.Write(draft.body.Bytes())
	c.y = top + height
}
