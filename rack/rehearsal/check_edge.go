package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	edgeaccess "github.com/home-ops/home-ops/components/edge"
)

// checkPublic follows the sample app's public name, and that of Flux's webhook, to the Service.
func (r *rehearsal) checkPublic(ctx context.Context, _ *cluster) (string, error) {
	if r.world.edge.public == nil {
		return "", skipped("nothing is public: the stack has no tunnel")
	}
	public := map[string]string{"echo." + r.stack.Cluster.Domain: echoNamespace + "/" + echoName}
	if w := r.stack.Flux.Webhook; w != nil {
		public[w.Host] = "flux-system/webhook-receiver"
	}
	var ways []string
	for host, want := range public {
		var got backend
		err := until(ctx, func(ctx context.Context) error {
			var err error
			got, err = r.world.edge.follow(ctx, host, "/")
			return err
		})
		if err != nil {
			return "", err
		}
		if got.name != want {
			return "", fmt.Errorf("%s leads to %s, not to %s", host, got.name, want)
		}
		ways = append(ways, host+" to "+got.name)
	}
	slices.Sort(ways)
	return strings.Join(ways, ", "), nil
}

// checkPrivate looks at every name that the internal gateway serves: it is found there, and nobody outside is led to it.
// A request for it over the tunnel, which takes any name of the domain, ends at the external gateway.
func (r *rehearsal) checkPrivate(ctx context.Context, c *cluster) (string, error) {
	if len(r.stack.Edge.Gateways.Internal) == 0 {
		return "", skipped("the stack has no internal gateway")
	}
	client, err := dynamic.NewForConfig(c.rest)
	if err != nil {
		return "", err
	}
	list, err := client.Resource(routes).List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", err
	}
	var errs []error
	hosts := 0
	for _, route := range list.Items {
		if !accepted(route.Object, edgeaccess.InternalGateway) || accepted(route.Object, edgeaccess.ExternalGateway) {
			continue
		}
		hostnames, _, _ := unstructured.NestedStringSlice(route.Object, "spec", "hostnames")
		for _, host := range hostnames {
			hosts++
			if _, err := r.world.edge.behind(ctx, edgeaccess.InternalGateway, host); err != nil {
				errs = append(errs, err)
			}
			if to, err := r.world.edge.follow(ctx, host, "/"); err == nil {
				errs = append(errs, fmt.Errorf("%s is reached from outside, at %s", host, to.name))
			}
			if to, err := r.world.edge.behind(ctx, edgeaccess.ExternalGateway, host); err == nil {
				errs = append(errs, fmt.Errorf("the external gateway leads %s to %s", host, to.name))
			}
		}
	}
	if hosts == 0 {
		errs = append(errs, errors.New("the internal gateway serves no name: that proves nothing"))
	}
	return fmt.Sprintf("%d names stay inside", hosts), errors.Join(errs...)
}
