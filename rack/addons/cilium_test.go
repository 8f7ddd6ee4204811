package addons_test

import "testing"

const gatewayAPI = "gateway.networking.k8s.io/v1"

func TestCilium_RegistersItsKindsAndGivesServicesAddresses(t *testing.T) {
	c := play(t)
	c.Operator("kube-system", "cilium-operator")
	c.Eventually("apiextensions.k8s.io/v1", "CustomResourceDefinition", "ciliumloadbalancerippools.cilium.io", "status.conditions.[type=Established].status", `"True"`)
	c.Namespace("lb")
	c.Apply(pools)
	c.Eventually("v1", "Service", "lb/any", "status.loadBalancer.ingress.[ip=10~0~50~100].ip", `"10.0.50.100"`)
	c.Eventually("v1", "Service", "lb/asks", "status.loadBalancer.ingress.[ip=10~0~50~105].ip", `"10.0.50.105"`)
	c.Eventually("v1", "Service", "lb/asks", "status.conditions.[type=cilium~io/IPAMRequestSatisfied].status", `"True"`)
	c.Eventually("v1", "Service", "lb/outside", "status.conditions.[type=cilium~io/IPAMRequestSatisfied].message", `"No pool exists with a CIDR containing '10.0.99.1'"`)
	c.Eventually("cilium.io/v2", "CiliumLoadBalancerIPPool", "default", "status.conditions.[type=cilium~io/IPsUsed].message", `"2"`)
	for _, name := range []string{"any", "asks", "outside"} {
		c.Delete("v1", "Service", "lb/"+name)
	}
	c.Eventually("cilium.io/v2", "CiliumLoadBalancerIPPool", "default", "status.conditions.[type=cilium~io/IPsUsed].message", `"0"`)
}

func TestRun_GoesOnAfterTheAPIServerWasAway(t *testing.T) {
	c := play(t)
	c.Operator("kube-system", "cilium-operator")
	c.Namespace("lb")
	c.Apply(pools)
	c.Eventually("v1", "Service", "lb/any", "status.conditions.[type=cilium~io/IPAMRequestSatisfied].status", `"True"`)
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Apply("{apiVersion: v1, kind: Service, metadata: {name: later, namespace: lb}, spec: {type: LoadBalancer, ports: [{port: 80}]}}")
	c.Eventually("v1", "Service", "lb/later", "status.conditions.[type=cilium~io/IPAMRequestSatisfied].status", `"True"`)
	c.Delete("v1", "Service", "lb/later")
}

func TestCilium_ServesGatewaysOnlyWhenItFoundTheirKindsAtItsStart(t *testing.T) {
	c := play(t)
	stop := c.Operator("kube-system", "cilium-operator")
	c.Namespace("lb")
	c.Namespace("apps")
	c.Namespace("network")
	c.Apply(pools)
	c.Eventually("v1", "Service", "lb/any", "status.conditions.[type=cilium~io/IPAMRequestSatisfied].status", `"True"`)
	c.Define(definitions + "/gateway-api-standard")
	c.Apply(gateways)
	c.Apply(wildcard)
	c.Never(gatewayAPI, "GatewayClass", "cilium", "status.conditions.[type=Accepted].reason", `"Accepted"`)

	stop()
	c.Pod("kube-system", "cilium-operator", "cilium-operator-2")
	c.Eventually(gatewayAPI, "GatewayClass", "cilium", "status.conditions.[type=Accepted].reason", `"Accepted"`)
	c.Eventually("v1", "Service", "network/cilium-gateway-internal", "metadata.labels.pool", `"internal"`)
	c.Eventually(gatewayAPI, "Gateway", "network/internal", "status.conditions.[type=Programmed].status", `"True"`)
	c.Eventually(gatewayAPI, "Gateway", "network/internal", "status.addresses.[value=10~0~50~101].type", `"IPAddress"`)
	c.Eventually(gatewayAPI, "Gateway", "network/internal", "status.listeners.[name=https].attachedRoutes", "1")
	c.Eventually(gatewayAPI, "Gateway", "network/internal", "status.listeners.[name=http].attachedRoutes", "0")
	parent := "status.parents.[controllerName=io~cilium/gateway-controller].conditions."
	c.Eventually(gatewayAPI, "HTTPRoute", "apps/app", parent+"[type=Accepted].status", `"True"`)
	c.Eventually(gatewayAPI, "HTTPRoute", "apps/app", parent+"[type=ResolvedRefs].message", `"Service \"app\" not found"`)
	c.Eventually(gatewayAPI, "HTTPRoute", "apps/kept-out", parent+"[type=Accepted].reason", `"NotAllowedByListeners"`)
	c.Eventually(gatewayAPI, "HTTPRoute", "apps/astray", "status.parents", "[]")

	c.Delete("v1", "Secret", "network/wildcard")
	c.Eventually(gatewayAPI, "Gateway", "network/internal", "status.listeners.[name=https].conditions.[type=Accepted].message",
		`"Listener not valid. Invalid CertificateRef, Secret \"wildcard\" not found"`)
	c.Eventually(gatewayAPI, "Gateway", "network/internal", "status.listeners.[name=https].conditions.[type=ResolvedRefs].reason", `"InvalidCertificateRef"`)
}
