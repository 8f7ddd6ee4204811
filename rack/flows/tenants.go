package flows

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// tenants keeps a team's pods from other namespaces, from those of another team, from nodes and from the API.
func (c *Cluster) tenants(l *list) {
	for _, p := range c.Pods {
		if !c.isTenant(p.Namespace) {
			continue
		}
		c.apart(l, p, "a team reaches nothing of others")
		for _, port := range machines {
			l.refuse(End{Pod: p}, tcp(port, ownNode, otherNode), "a team reaches no node")
		}
		l.refuse(End{Pod: p}, tcp(apiPort, ownControlPlane, otherControlPlane), "a team's pods do not use the API")
		for _, other := range c.neighbours(p.Namespace) {
			for _, port := range other.listens() {
				l.refuse(End{Pod: p}, target{other.ends(), port.protocol, port.number}, "a team reaches nothing of another team")
			}
			for _, port := range p.listens() {
				l.refuse(End{Pod: other}, target{p.ends(), port.protocol, port.number}, "a team reaches nothing of another team")
			}
		}
	}
}

// isTenant reports whether a namespace is a team's: what Flux applies there is kept there, and not beside Flux.
func (c *Cluster) isTenant(namespace string) bool {
	if namespace == source.namespace {
		return false
	}
	for _, o := range c.Others["Kustomization.kustomize.toolkit.fluxcd.io"] {
		if o.GetNamespace() == namespace {
			return true
		}
	}
	return false
}

// neighbours are the pods of a second team that has all that the first one has: a cluster may have but one, and what keeps
// two apart would then be asked by nobody. Its namespace and policies are added to the cluster.
func (c *Cluster) neighbours(team string) []*Pod {
	name := team + "-of-tomorrow"
	if c.Namespaces[name] == nil {
		c.Namespaces[name] = maps.Clone(c.Namespaces[team])
		c.Namespaces[name][corev1.LabelMetadataName] = name
		for _, p := range slices.Clone(c.Policies) {
			if p.GetNamespace() != team {
				continue
			}
			policy := p.DeepCopy()
			policy.SetNamespace(name)
			moved(policy.Object["spec"], team, name)
			c.Policies = append(c.Policies, policy)
		}
	}
	var pods []*Pod
	for _, p := range c.pods(team) {
		if !p.Spec.HostNetwork {
			pods = append(pods, &Pod{Namespace: name, Name: p.Name, Labels: p.Labels, Spec: p.Spec})
		}
	}
	return pods
}

// moved puts another namespace's name where a policy names its own.
func moved(part any, from, to string) {
	switch part := part.(type) {
	case map[string]any:
		for key, value := range part {
			named := strings.HasSuffix(key, "io.kubernetes.pod.namespace") || strings.HasSuffix(key, corev1.LabelMetadataName)
			if named && value == from {
				part[key] = to
			}
			moved(value, from, to)
		}
	case []any:
		for _, each := range part {
			moved(each, from, to)
		}
	}
}
