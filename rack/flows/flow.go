package flows

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// End is one end of a connection: a pod, an address outside the cluster, or what Cilium calls by an entity.
type End struct {
	// Pod is nil for what is none. A pod on the host's network has the node's identity; it is never an end.
	Pod *Pod
	// Address lies outside the cluster.
	Address netip.Addr
	// Entities are Cilium's names of what is neither (https://docs.cilium.io/en/stable/gettingstarted/terminology/#special-identities).
	Entities []string
	// called is what a person calls an end that is no pod.
	called string
}

// The ends that every cluster has. A node is two of them: what a pod's own node is to it, and what the others are.
var (
	ownNode   = End{Entities: []string{"host"}, called: "the pod's own node"}
	otherNode = End{Entities: []string{"remote-node"}, called: "another node"}
	// A control plane bears the API server's label too, on its own address. What it sends through a tunnel comes from
	// an address that does not, as from any node.
	ownControlPlane   = End{Entities: []string{"host", "kube-apiserver"}, called: "the API server on the pod's own node"}
	otherControlPlane = End{Entities: []string{"kube-apiserver", "remote-node"}, called: "the API server on another node"}
	// gateway is the Envoy behind every Gateway: they cannot be told apart by identity.
	gateway = End{Entities: []string{"ingress"}, called: "gateways"}
)

// String is how a finding names an end.
func (e End) String() string {
	switch {
	case e.Pod != nil:
		return e.Pod.String()
	case e.Address.IsValid():
		return fmt.Sprintf("%s (%s)", e.called, e.Address)
	}
	return e.called
}

// policed reports whether policies of the cluster hold at the end itself: at the far end of a connection to another
// node or the outside, no agent asks this cluster's policies about this connection.
func (e End) policed() bool {
	return e.Pod != nil || slices.Contains(e.Entities, "ingress") || slices.Contains(e.Entities, "host")
}

// Flow is one connection.
type Flow struct {
	From, To End
	// Protocol is TCP or UDP.
	Protocol string
	Port     uint16
	// Why is what needs it, or what it would break, as the end of a sentence: "Prometheus scrapes it".
	Why string
	// Wanted flows must pass, the others must be refused.
	Wanted bool
	// SourceAsks counts the source's policies alone: Envoy asks them about the backend that it chose for the source
	// (https://github.com/cilium/cilium/issues/47768), and the backend's see Envoy.
	SourceAsks bool
}

func (f Flow) String() string {
	return fmt.Sprintf("%s to %s, %s %d", f.From, f.To, f.Protocol, f.Port)
}

// key tells flows apart whatever their reason, and whatever an address is called.
func (f Flow) key() string {
	return fmt.Sprintf("%s %s %s %d %t", f.From.key(), f.To.key(), f.Protocol, f.Port, f.SourceAsks)
}

func (e End) key() string {
	if e.Pod == nil && e.Address.IsValid() {
		return e.Address.String()
	}
	return e.String()
}

// list is flows, each once: of two with the same ends, the first stays.
type list struct {
	all  []Flow
	seen map[string]bool
	// nowhere are leads that end nowhere: what they should lead to asks for no flow, and nothing would be wrong.
	nowhere []string
}

func (l *list) add(f Flow) {
	if l.seen == nil {
		l.seen = map[string]bool{}
	}
	if key := f.key(); !l.seen[key] {
		l.seen[key] = true
		l.all = append(l.all, f)
	}
}

// target is a port of one or more ends.
type target struct {
	ends     []End
	protocol string
	port     uint16
}

// need adds a flow to each end of the target that must pass. An end to itself is from one replica to another.
func (l *list) need(from End, to target, why string) {
	for _, end := range to.ends {
		l.add(Flow{From: from, To: end, Protocol: to.protocol, Port: to.port, Why: why, Wanted: true})
	}
}

// lost notes a lead that ends nowhere, and why. No error is no such lead.
func (l *list) lost(lead string, err error) {
	if err == nil {
		return
	}
	if found := fmt.Sprintf("%s: %s", lead, strings.ReplaceAll(err.Error(), "\n", "; ")); !slices.Contains(l.nowhere, found) {
		l.nowhere = append(l.nowhere, found)
	}
}

// refuse adds a flow to each end of the target that must not pass. Replicas are no strangers to each other.
func (l *list) refuse(from End, to target, why string) {
	for _, end := range to.ends {
		if from.Pod != nil && from.Pod == end.Pod {
			continue
		}
		l.add(Flow{From: from, To: end, Protocol: to.protocol, Port: to.port, Why: why})
	}
}

func tcp(port uint16, ends ...End) target { return target{ends: ends, protocol: "TCP", port: port} }
func dns(ends ...End) target              { return target{ends: ends, protocol: "UDP", port: 53} }

// names joins what a sentence lists.
func names(words []string) string { return strings.Join(words, ", ") }
