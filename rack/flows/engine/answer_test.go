package main

import (
	"bytes"
	"strings"
	"testing"
)

// asked is what the engine answers to a question about two namespaces, of which one denies what its rule does not name.
func asked(t *testing.T, policies, flows string) (string, error) {
	t.Helper()
	question := `{"cluster": "home", "ipv4": true, "ipv6": false, "hostFirewall": false,
		"namespaces": {"a": {}, "b": {"scraper": "true"}},
		"policies": [` + policies + `],
		"ends": [
			{"name": "a", "namespace": "a", "labels": {"app": "a", "pod-template-hash": "x"}, "tcp": {"http": 8080}},
			{"name": "b", "namespace": "b", "labels": {"app": "b"}},
			{"name": "host", "entities": ["host"]}, {"name": "another", "entities": ["remote-node"]},
			{"name": "the internet", "address": "203.0.113.7"}, {"name": "the home", "address": "10.1.2.3"}],
		"flows": [` + flows + `]}`
	var out bytes.Buffer
	err := run(strings.NewReader(question), &out)
	return strings.TrimSpace(out.String()), err
}

const closed = `{"kind": "NetworkPolicy", "metadata": {"name": "closed", "namespace": "a"}, "spec": {
	"podSelector": {}, "policyTypes": ["Ingress"],
	"ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"scraper": "true"}}}], "ports": [{"port": "http"}]}]}}`

func TestAnswer_DecidesAsTheAgentWould(t *testing.T) {
	const refused = `"ingress":{"allowed":false,"policies":["NetworkPolicy a/closed"]}`
	for name, test := range map[string]struct{ policy, flow, want string }{
		"no policy, no refusal":                   {"", `{"from": 1, "to": 0, "protocol": "TCP", "port": 80}`, `"ingress":{"allowed":true}`},
		"a rule by a namespace's label":           {closed, `{"from": 1, "to": 0, "protocol": "TCP", "port": 8080}`, `"ingress":{"allowed":true,"policies":["NetworkPolicy a/closed"]}`},
		"another port is refused, and by whom":    {closed, `{"from": 1, "to": 0, "protocol": "TCP", "port": 81}`, refused},
		"another protocol is another port":        {closed, `{"from": 1, "to": 0, "protocol": "UDP", "port": 8080}`, refused},
		"another node is refused":                 {closed, `{"from": 3, "to": 0, "protocol": "TCP", "port": 81}`, refused},
		"the pod's own node is not":               {closed, `{"from": 2, "to": 0, "protocol": "TCP", "port": 81}`, `"ingress":{"allowed":true`},
		"a pod's replica number is no identity":   {selecting(`{"matchLabels": {"pod-template-hash": "x"}}`), `{"from": 1, "to": 0, "protocol": "TCP", "port": 81}`, `"ingress":{"allowed":true}`},
		"a peer's port by its name":               {outward, `{"from": 1, "to": 0, "protocol": "TCP", "port": 8080}`, `"egress":{"allowed":true,"policies":["NetworkPolicy b/outward"]}`},
		"a peer's port of no name":                {outward, `{"from": 1, "to": 0, "protocol": "TCP", "port": 81}`, `"egress":{"allowed":false,"policies":["NetworkPolicy b/outward"]}`},
		"an address outside a network":            {outside, `{"from": 0, "to": 4, "protocol": "TCP", "port": 443}`, `"egress":{"allowed":true,"policies":["CiliumClusterwideNetworkPolicy outside"]}`},
		"an address in what the network excludes": {outside, `{"from": 0, "to": 5, "protocol": "TCP", "port": 443}`, `"egress":{"allowed":false,"policies":["CiliumClusterwideNetworkPolicy outside"]}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := asked(t, test.policy, test.flow)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(got, test.want) {
				t.Errorf("got %s, want %s in it", got, test.want)
			}
		})
	}
}

const outside = `{"kind": "CiliumClusterwideNetworkPolicy", "metadata": {"name": "outside"}, "spec": {
	"endpointSelector": {"matchLabels": {"k8s:io.kubernetes.pod.namespace": "a"}},
	"egress": [{"toCIDRSet": [{"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}]}]}}`

const outward = `{"kind": "NetworkPolicy", "metadata": {"name": "outward", "namespace": "b"}, "spec": {
	"podSelector": {}, "policyTypes": ["Egress"],
	"egress": [{"to": [{"namespaceSelector": {}}], "ports": [{"port": "http"}]}]}}`

func selecting(pods string) string {
	return `{"kind": "NetworkPolicy", "metadata": {"name": "closed", "namespace": "a"}, "spec": {
		"podSelector": ` + pods + `, "policyTypes": ["Ingress"]}}`
}

func TestRun_SaysWhatItCannotJudge(t *testing.T) {
	for name, test := range map[string]struct{ policy, flow, want string }{
		"names of hosts": {
			`{"kind": "CiliumNetworkPolicy", "metadata": {"name": "names", "namespace": "a"}, "spec": {
				"endpointSelector": {}, "egress": [{"toFQDNs": [{"matchName": "example.com"}]}]}}`, "",
			"CiliumNetworkPolicy a/names: toFQDNs and toServices are not judged here; write toCIDRSet or toEndpoints",
		},
		"a policy that Cilium refuses": {
			`{"kind": "CiliumNetworkPolicy", "metadata": {"name": "empty", "namespace": "a"}, "spec": {"endpointSelector": {}}}`, "",
			"CiliumNetworkPolicy a/empty: Invalid CiliumNetworkPolicy spec: rule must have at least one of Ingress, IngressDeny, Egress, EgressDeny",
		},
		"another kind": {`{"kind": "Policy", "metadata": {"name": "it"}}`, "", "Policy it: no kind of policy that Cilium knows"},
		"an end that is not there": {
			"", `{"from": 0, "to": 6, "protocol": "TCP", "port": 80}`, "flow 0: it is between ends 0 and 6, and there are 6",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := asked(t, test.policy, test.flow)
			if err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
