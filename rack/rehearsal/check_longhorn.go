package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
)

// checkLonghorn looks whether Longhorn stores on the user volumes that the stack file names, and nowhere else.
func (r *rehearsal) checkLonghorn(ctx context.Context, c *cluster) (string, error) {
	if r.stack.Storage.Longhorn == nil {
		return "", skipped("the stack has none")
	}
	client, err := dynamic.NewForConfig(c.rest)
	if err != nil {
		return "", err
	}
	count := 0
	err = until(ctx, func(ctx context.Context) error {
		list, err := client.Resource(longhornNodes).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		count = 0
		var errs []error
		for _, m := range r.rack.nodes {
			var want []string
			for _, name := range m.stores {
				if v, ok := m.spec.UserVolume(name); ok {
					want = append(want, v.MountPath())
				}
			}
			got, unready := longhornStores(list.Items, m.spec.Name)
			slices.Sort(want)
			if count += len(got); !slices.Equal(got, want) {
				errs = append(errs, fmt.Errorf("%s: Longhorn stores at %q, not at %q", m.spec.Name, got, want))
			}
			errs = append(errs, unready...)
		}
		if count == 0 {
			errs = append(errs, errors.New("Longhorn stores nowhere")) //nolint:staticcheck // a name
		}
		return errors.Join(errs...)
	})
	return fmt.Sprintf("%d volumes", count), err
}

// longhornStores are the places where Longhorn stores on a node, and errors that say which of them are not ready.
func longhornStores(nodes []unstructured.Unstructured, name string) (places []string, unready []error) {
	for _, n := range nodes {
		if n.GetName() != name {
			continue
		}
		disks, _, _ := unstructured.NestedMap(n.Object, "status", "diskStatus")
		for _, d := range disks {
			disk, _ := d.(map[string]any)
			place, _ := disk["diskPath"].(string)
			places = append(places, place)
			conditions, _ := disk["conditions"].([]any)
			if !slices.ContainsFunc(conditions, func(c any) bool {
				condition, _ := c.(map[string]any)
				return condition["type"] == "Ready" && condition["status"] == "True"
			}) {
				unready = append(unready, fmt.Errorf("%s: Longhorn's disk at %s is not ready: %v", name, place, conditions))
			}
		}
	}
	slices.Sort(places)
	return places, unready
}
