package kubeapi

import (
	"context"
	"net/http"

	corev1 "k8s.io/api/core/v1"
)

// nodePatch changes whether a node takes pods, and an annotation of it.
type nodePatch struct {
	Metadata struct {
		Annotations map[string]*string `json:"annotations"`
	} `json:"metadata"`
	Spec struct {
		Unschedulable *bool `json:"unschedulable"`
	} `json:"spec"`
}

// Cordon keeps new pods off a node, and marks it with an annotation of the name, so that a later run knows whose work it is.
func (a API) Cordon(ctx context.Context, node, mark string) error {
	text, yes := "true", true
	return a.setSchedulable(ctx, node, mark, &text, &yes)
}

// Uncordon takes back both.
func (a API) Uncordon(ctx context.Context, node, mark string) error {
	return a.setSchedulable(ctx, node, mark, nil, nil)
}

func (a API) setSchedulable(ctx context.Context, node, mark string, value *string, unschedulable *bool) error {
	var patch nodePatch
	patch.Metadata.Annotations = map[string]*string{mark: value}
	patch.Spec.Unschedulable = unschedulable
	return a.Do(ctx, http.MethodPatch, "/api/v1/nodes/"+node, patch, nil)
}

// Cordoned reports whether a node takes no new pods, and whether who uses the mark has seen to that.
func Cordoned(node corev1.Node, mark string) (cordoned, marked bool) {
	_, marked = node.Annotations[mark]
	return node.Spec.Unschedulable, marked && node.Spec.Unschedulable
}

// Ready reports whether a node is, and why not.
func Ready(node corev1.Node) (ready bool, why string) {
	for _, c := range node.Status.Conditions {
		if c.Type == corev1.NodeReady {
			return c.Status == corev1.ConditionTrue, c.Reason + ": " + c.Message
		}
	}
	return false, "its kubelet has not reported yet"
}
