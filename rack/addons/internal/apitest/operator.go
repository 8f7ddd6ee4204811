package apitest

import "fmt"

// Operator makes a Deployment with a pod that is ready, and returns what takes the pod away.
func (c *Client) Operator(namespace, name string) (stop func()) {
	c.t.Helper()
	c.Namespace(namespace)
	c.Applyf(deployment, name, namespace)
	return c.Pod(namespace, name, name+"-1")
}

// Pod makes a ready pod of a Deployment, and returns what takes it away.
func (c *Client) Pod(namespace, deployment, name string) (stop func()) {
	c.t.Helper()
	c.Applyf(pod, name, namespace, deployment)
	stop = func() { c.Delete("v1", "Pod", namespace+"/"+name) }
	c.t.Cleanup(stop)
	return stop
}

// Namespace makes a namespace, with labels as key: value in YAML.
func (c *Client) Namespace(name string, labels ...string) {
	c.t.Helper()
	text := fmt.Sprintf("{apiVersion: v1, kind: Namespace, metadata: {name: %s}}", name)
	if len(labels) > 0 {
		text = fmt.Sprintf("{apiVersion: v1, kind: Namespace, metadata: {name: %s, labels: {%s}}}", name, labels[0])
	}
	c.Apply(text)
}
