package flows

import (
	"errors"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// store lets External Secrets reach the stores that are named.
func (c *Cluster) store(l *list) {
	for _, o := range c.Others["ClusterSecretStore.external-secrets.io"] {
		why := "it reads the store " + o.GetName()
		provider, _, _ := unstructured.NestedMap(o.Object, "spec", "provider")
		onePassword, ok := provider["onepassword"].(map[string]any)
		if !ok {
			continue // where another provider's vault is, its own form says
		}
		host, _ := onePassword["connectHost"].(string)
		operators := c.operators()
		if len(operators) == 0 {
			l.lost(why, errors.New("there is no pod of External Secrets"))
		}
		for _, operator := range operators {
			c.told(l, operator, host, why)
		}
	}
}

// unifi lets external-dns reach the UniFi controller that holds the home's names.
func (c *Cluster) unifi(l *list) {
	if c.Stack.Edge.DNS.UniFi == nil {
		return
	}
	for _, p := range c.pods(externalDNS.namespace, externalDNS.labels...) {
		c.told(l, p, c.Stack.Edge.DNS.UniFi.URL, "it writes records at the UniFi controller")
	}
}

// operators are the pods of External Secrets itself.
func (c *Cluster) operators() []*Pod {
	return c.pods("external-secrets", nameLabel+"external-secrets")
}

// movers lets VolSync's jobs store copies. They run in the namespace of the volume, and only while they copy: their
// labels are known (https://github.com/backube/volsync/blob/main/internal/controller/utils/labels.go).
func (c *Cluster) movers(l *list) {
	for _, p := range c.moverPods() {
		for _, port := range []uint16{443, 9000} {
			l.need(End{Pod: p}, tcp(port, c.anywhere()...), "it copies a volume to storage that may be in the home")
		}
		for _, server := range c.resolvers() {
			l.need(End{Pod: p}, dns(server.ends()...), "it asks cluster DNS")
		}
	}
}

func (c *Cluster) moverPods() []*Pod {
	var all []*Pod
	for _, kind := range []string{"ReplicationSource.volsync.backube", "ReplicationDestination.volsync.backube"} {
		for _, o := range c.Others[kind] {
			all = append(all, &Pod{
				Namespace: o.GetNamespace(), Name: "mover of " + o.GetName(),
				Labels: map[string]string{"app.kubernetes.io/created-by": "volsync"},
			})
		}
	}
	return all
}
