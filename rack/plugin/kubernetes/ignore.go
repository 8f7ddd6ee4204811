package kubernetes

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// keepIgnored is the inputs with the cluster's own value wherever the program ignores changes. A field that only
// others own is left out, or applying it would take a share in it.
func keepIgnored(
	inputs, live *unstructured.Unstructured, manager string, ignored []string,
) (*unstructured.Unstructured, error) {
	kept := inputs.DeepCopy()
	for _, text := range ignored {
		path, err := resource.ParsePropertyPath(text)
		if err != nil {
			return nil, fmt.Errorf("unable to parse ignoreField path %q: %w", text, err)
		}
		fields := make([]string, 0, len(path))
		for _, step := range path {
			key, ok := step.(string)
			if !ok {
				return nil, fmt.Errorf("stand-in kubernetes plugin does not implement ignoreChanges inside a list (%s)", text)
			}
			fields = append(fields, key)
		}
		ours, theirs, err := owners(live, manager, fields)
		if err != nil {
			return nil, err
		}
		if theirs && !ours {
			unstructured.RemoveNestedField(kept.Object, fields...)
			continue
		}
		value, found, err := unstructured.NestedFieldCopy(live.Object, fields...)
		if err != nil {
			return nil, fmt.Errorf("unable to parse field to ignore %q from live object: %w", text, err)
		}
		if found {
			if err := unstructured.SetNestedField(kept.Object, value, fields...); err != nil {
				return nil, fmt.Errorf("unable to set field %q with its last value: %w", text, err)
			}
		}
	}
	return kept, nil
}

// owners tells whether the resource's own manager, and any other, owns a field or something below it.
func owners(live *unstructured.Unstructured, manager string, fields []string) (ours, theirs bool, err error) {
	for _, entry := range live.GetManagedFields() {
		if entry.FieldsV1 == nil {
			continue
		}
		var owned map[string]any
		if err := json.Unmarshal(entry.FieldsV1.Raw, &owned); err != nil {
			return false, false, fmt.Errorf("unable to parse managed fields of %q: %w", live.GetName(), err)
		}
		for _, field := range fields {
			owned, _ = owned["f:"+field].(map[string]any)
		}
		if owned != nil && entry.Manager == manager {
			ours = true
		} else if owned != nil {
			theirs = true
		}
	}
	return ours, theirs, nil
}
