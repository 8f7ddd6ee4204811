package edge

import (
	"embed"

	"github.com/home-ops/home-ops/internal/chartvalues"
	"github.com/home-ops/home-ops/spec"
)

//go:embed values/*.yaml
var valuesFiles embed.FS

// valuesOver is the values of a file in values/, and over them what a stack decides.
func valuesOver(file string, decided any) (map[string]any, error) {
	text, err := valuesFiles.ReadFile("values/" + file)
	if err != nil {
		return nil, err
	}
	return chartvalues.Over("components/edge/values/"+file, text, decided)
}

type certManager struct {
	// RecursiveNameservers are where cert-manager looks for the record that proves that
	// the domain is ours.
	RecursiveNameservers string `json:"dns01RecursiveNameservers"`
	// Webhook is called whenever anybody writes a certificate: it has two pods where
	// there are two nodes.
	Webhook webhookPods `json:"webhook"`
}

type webhookPods struct {
	Replicas int `json:"replicaCount"`
}

// certManagerValues are the values of cert-manager's chart.
func certManagerValues(stack *spec.Stack) (map[string]any, error) {
	v := certManager{
		RecursiveNameservers: "https://1.1.1.1:443/dns-query,https://1.0.0.1:443/dns-query",
		Webhook:              webhookPods{upToTwo(stack)},
	}
	if _, has4 := stack.Network.PodCIDR4(); !has4 {
		v.RecursiveNameservers = "https://[2606:4700:4700::1111]:443/dns-query,https://[2606:4700:4700::1001]:443/dns-query"
	}
	return valuesOver("cert-manager.yaml", v)
}

// upToTwo is two replicas, where there are nodes for them.
func upToTwo(stack *spec.Stack) int { return min(2, max(1, len(stack.LoadBalancerNodes()))) }
