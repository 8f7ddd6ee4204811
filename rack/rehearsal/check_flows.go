package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"

	"github.com/home-ops/home-ops/rack/flows"
)

// checkFlows puts the connections of the cluster as it is now to Cilium's policy engine. No packet flows in a rehearsal:
// this is what says whether any would.
func (r *rehearsal) checkFlows(ctx context.Context, c *cluster) (string, error) {
	objects, err := c.everything(ctx)
	if err != nil {
		return "", err
	}
	found, err := flows.New(r.stack, objects)
	if err != nil {
		return "", err
	}
	judged, err := flows.Judge(ctx, r.config.Flows, found)
	if err != nil {
		return "", err
	}
	r.report.Flows.Asked, r.report.Flows.Refused = judged.Asked, judged.Refused
	var errs []error
	for _, lead := range judged.Nowhere {
		errs = append(errs, fmt.Errorf("a lead to nothing, of which no flow was asked: %s", lead))
	}
	for _, wrong := range judged.Wrong {
		errs = append(errs, errors.New(wrong.String()))
	}
	if want := "v" + strings.TrimPrefix(string(r.stack.Versions.Cilium), "v"); judged.Cilium != want {
		errs = append(errs, fmt.Errorf("the engine is of Cilium %s, and the stack has %s; require that in rack/flows/engine/go.mod", judged.Cilium, want))
	}
	return fmt.Sprintf("%d asked, %d refused, none wrongly, by Cilium %s", judged.Asked, judged.Refused, judged.Cilium), errors.Join(errs...)
}

// everything is all objects that flows are worked out from. A kind of which the cluster does not have the group has none;
// where the group is there without it, it is served in another version, and nobody would miss its flows.
func (c *cluster) everything(ctx context.Context) ([]*unstructured.Unstructured, error) {
	client, err := dynamic.NewForConfig(c.rest)
	if err != nil {
		return nil, err
	}
	groups, err := c.groups()
	if err != nil {
		return nil, err
	}
	var all []*unstructured.Unstructured
	for _, kind := range flows.Kinds {
		list, err := client.Resource(kind).List(ctx, metav1.ListOptions{})
		if apierrors.IsNotFound(err) && !groups[kind.Group] {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s in version %s, which rack/flows asks for: %w", kind.GroupResource(), kind.Version, err)
		}
		for i := range list.Items {
			all = append(all, &list.Items[i])
		}
	}
	return all, nil
}

// groups are those that the API server has.
func (c *cluster) groups() (map[string]bool, error) {
	client, err := discovery.NewDiscoveryClientForConfig(c.rest)
	if err != nil {
		return nil, err
	}
	list, err := client.ServerGroups()
	if err != nil {
		return nil, fmt.Errorf("the groups of the API: %w", err)
	}
	has := map[string]bool{}
	for _, group := range list.Groups {
		has[group.Name] = true
	}
	return has, nil
}
