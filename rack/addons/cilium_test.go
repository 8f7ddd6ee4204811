package addons_test

import (
	"fmt"
	"testing"
)

func TestCilium_DoesWhatIsExpectedOfIt(t *testing.T) {
	holdCilium(t, func(t *testing.T) func() {
		c := play(t)
		stop := c.Operator("kube-system", "cilium-operator")
		pods := 1
		return func() {
			stop()
			pods++
			stop = c.Pod("kube-system", "cilium-operator", fmt.Sprintf("cilium-operator-%d", pods))
		}
	})
}

func TestRun_GoesOnAfterTheAPIServerWasAway(t *testing.T) {
	c := play(t)
	c.Operator("kube-system", "cilium-operator")
	c.Namespace("lb")
	c.Apply(pools)
	t.Cleanup(func() {
		c.DeleteAll("v1", "Service", "lb")
		c.DeleteAll(ciliumAPI, "CiliumLoadBalancerIPPool", "")
	})
	c.Eventually("v1", "Service", "lb/any", satisfied("status"), `"True"`)
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Apply("{apiVersion: v1, kind: Service, metadata: {name: later, namespace: lb}, spec: {type: LoadBalancer, ports: [{port: 80}]}}")
	c.Eventually("v1", "Service", "lb/later", satisfied("status"), `"True"`)
}
