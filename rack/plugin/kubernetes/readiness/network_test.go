package readiness

import (
	"fmt"
	"testing"
)

func TestService(t *testing.T) {
	const noPods = "Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' may not match labels on any Pods"
	service := func(spec, status string) string {
		return fmt.Sprintf(`{apiVersion: v1, kind: Service, metadata: {name: s, namespace: n}, spec: {%s}, status: {%s}}`, spec, status)
	}
	endpoints := func(subsets string) world {
		return world{"Endpoints/s": object(t, fmt.Sprintf(`{apiVersion: v1, kind: Endpoints, metadata: {name: s, resourceVersion: "7"}, subsets: [%s]}`, subsets))}
	}
	const (
		selects  = "selector: {app: x}"
		ready    = "{addresses: [{ip: 10.0.0.1}]}"
		starting = "{notReadyAddresses: [{ip: 10.0.0.2}]}"
	)
	for name, test := range map[string]struct {
		verdictTest
		beside  world
		settles bool
	}{
		"with pods":                 {verdictTest{object: service(selects, ""), ready: true}, endpoints(ready), true},
		"whose pods do not exist":   {verdictTest{object: service(selects, ""), ready: true, problems: []string{noPods}}, endpoints(""), true},
		"whose pods start":          {verdictTest{object: service(selects, ""), status: "[1/3] Finding Pods to direct traffic to"}, endpoints(ready + "," + starting), false},
		"without endpoints yet":     {verdictTest{object: service(selects, ""), status: "[1/3] Finding Pods to direct traffic to"}, nil, false},
		"without a selector":        {verdictTest{object: service("clusterIP: 10.96.0.9", ""), ready: true}, nil, false},
		"without an address (None)": {verdictTest{object: service(selects+", clusterIP: None", ""), ready: true}, nil, false},
		"that is a name elsewhere":  {verdictTest{object: service(selects+", type: ExternalName", ""), ready: true}, nil, false},
		"of a load balancer":        {verdictTest{object: service(selects+", type: LoadBalancer", "loadBalancer: {ingress: [{ip: 192.0.2.1}]}"), ready: true}, endpoints(ready), true},
		"of a load balancer without": {
			verdictTest{
				object: service(selects+", type: LoadBalancer", ""), status: "[2/3] Attempting to allocate IP address to Service",
				problems: []string{"Service was not allocated an IP address; does your cloud provider support this?"},
			}, endpoints(ready), true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.run(t, test.beside)
			if verdict := verdictOn(t, object(t, test.object), test.beside); (verdict.Settle > 0) != test.settles {
				t.Errorf("settles for %s, want settling %t", verdict.Settle, test.settles)
			}
		})
	}
}

func TestIngress(t *testing.T) {
	ingress := func(status string) string {
		return `{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: n}, status: {` + status + `},
			spec: {rules: [{http: {paths: [{path: /, backend: {service: {name: web}}}]}}]}}`
	}
	const address = "loadBalancer: {ingress: [{ip: 192.0.2.1}]}"
	web := world{"Endpoints/web": object(t, `{apiVersion: v1, kind: Endpoints, metadata: {name: web}}`)}
	elsewhere := world{"Service/web": object(t, `{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: ExternalName}}`)}

	for name, test := range map[string]struct {
		verdictTest
		beside  world
		settles bool
	}{
		"with an address":          {verdictTest{object: ingress(address), ready: true}, web, false},
		"to a name elsewhere":      {verdictTest{object: ingress(address), ready: true}, elsewhere, false},
		"to a service that is not": {verdictTest{object: ingress(address), ready: true, problems: []string{`No matching service found for ingress rule: "web"`}}, nil, true},
		"without an address": {
			verdictTest{object: ingress(""), status: "[2/3] Waiting for update of .status.loadBalancer with hostname/IP"}, web, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			test.run(t, test.beside)
			if verdict := verdictOn(t, object(t, test.object), test.beside); (verdict.Settle > 0) != test.settles {
				t.Errorf("settles for %s, want settling %t", verdict.Settle, test.settles)
			}
		})
	}
}
