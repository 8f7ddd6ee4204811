package values

import "github.com/home-ops/home-ops/spec"

type certManager struct {
	// RecursiveNameservers are where the record that proves the domain is looked for.
	RecursiveNameservers string `json:"dns01RecursiveNameservers"`
	// The webhook answers whenever anybody writes a certificate: two, where there are
	// two nodes.
	Webhook replicas `json:"webhook"`
}

type replicas struct {
	Count int `json:"replicaCount"`
}

// CertManager is the values of cert-manager's chart.
func CertManager(stack *spec.Stack) (map[string]any, error) {
	v := certManager{
		RecursiveNameservers: "https://1.1.1.1:443/dns-query,https://1.0.0.1:443/dns-query",
		Webhook:              replicas{two(stack)},
	}
	if _, has4 := stack.Network.PodCIDR4(); !has4 {
		v.RecursiveNameservers = "https://[2606:4700:4700::1111]:443/dns-query,https://[2606:4700:4700::1001]:443/dns-query"
	}
	return over("cert-manager.yaml", v)
}

// two replicas, where there are nodes for them.
func two(stack *spec.Stack) int { return min(2, max(1, len(stack.LoadBalancerNodes()))) }
