package kubernetes

import (
	"fmt"
	"maps"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type fields = map[string]any

// kinds are the changes by path, as text: "spec.replicas": "UPDATE".
func kinds(changes map[string]*pulumirpc.PropertyDiff) map[string]string {
	texts := map[string]string{}
	for path, change := range changes {
		texts[path] = change.GetKind().String()
		if change.GetInputDiff() {
			texts[path] += " of the inputs"
		}
	}
	return texts
}

func TestDetail_NamesEveryChange(t *testing.T) {
	for name, test := range map[string]struct {
		old, inputs fields
		want        map[string]string
	}{
		"nothing":                          {fields{"a": "x"}, fields{"a": "x"}, nil},
		"a number of the server's":         {fields{"a": int64(3)}, fields{"a": 3.0}, nil},
		"an explicit null":                 {fields{}, fields{"a": nil}, nil},
		"a value":                          {fields{"spec": fields{"a": "x"}}, fields{"spec": fields{"a": "y"}}, map[string]string{"spec.a": "UPDATE"}},
		"a new field":                      {fields{"spec": fields{}}, fields{"spec": fields{"a": "y"}}, map[string]string{"spec.a": "ADD"}},
		"a field that is gone":             {fields{"spec": fields{"a": "x"}}, fields{"spec": fields{}}, map[string]string{"spec.a": "DELETE of the inputs"}},
		"an item":                          {fields{"l": []any{"a", "b"}}, fields{"l": []any{"a", "c"}}, map[string]string{"l[1]": "UPDATE"}},
		"a new item":                       {fields{"l": []any{"a"}}, fields{"l": []any{"a", "b"}}, map[string]string{"l[1]": "ADD"}},
		"an item that is gone":             {fields{"l": []any{"a", "b"}}, fields{"l": []any{"a"}}, map[string]string{"l[1]": "DELETE of the inputs"}},
		"a field of an item":               {fields{"l": []any{fields{"n": "a"}}}, fields{"l": []any{fields{"n": "b"}}}, map[string]string{"l[0].n": "UPDATE"}},
		"another type":                     {fields{"a": "x"}, fields{"a": []any{"x"}}, map[string]string{"a": "UPDATE"}},
		"a value that is not known yet":    {fields{"a": "x"}, fields{"a": resource.Computed{}}, map[string]string{"a": "UPDATE"}},
		"a key with dots":                  {fields{"annotations": fields{}}, fields{"annotations": fields{"a.b/c": "x"}}, map[string]string{`annotations["a.b/c"]`: "ADD"}},
		"a whole that is not known yet":    {fields{"spec": fields{"a": "x"}}, fields{"spec": resource.Computed{}}, map[string]string{"spec": "UPDATE"}},
		"a new field, not known yet":       {fields{}, fields{"a": resource.Computed{}}, map[string]string{"a": "ADD"}},
		"a deeper change of the same name": {fields{"a": fields{"a": "x"}}, fields{"a": fields{"a": "y"}}, map[string]string{"a.a": "UPDATE"}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := kinds(detail(test.old, test.inputs, nil)); !maps.Equal(got, test.want) {
				t.Errorf("changes are %q, want %q", got, test.want)
			}
		})
	}
}

func TestDetail_ReplacesForWhatTheAPIServerWillNotChange(t *testing.T) {
	for name, test := range map[string]struct {
		apiVersion, kind string
		settings         settings
		old, inputs      fields
		want             map[string]string
	}{
		"a Deployment's image": {
			"apps/v1", "Deployment",
			settings{},
			fields{"spec": fields{"replicas": 1.0}},
			fields{"spec": fields{"replicas": 2.0}},
			map[string]string{"spec.replicas": "UPDATE"},
		},
		"a Deployment's selector": {
			"apps/v1", "Deployment",
			settings{},
			fields{"spec": fields{"selector": fields{"matchLabels": fields{"app": "a"}}}},
			fields{"spec": fields{"selector": fields{"matchLabels": fields{"app": "b"}}}},
			map[string]string{"spec.selector.matchLabels.app": "UPDATE_REPLACE"},
		},
		"a Job's template": {
			"batch/v1", "Job",
			settings{},
			fields{"spec": fields{"template": fields{"spec": fields{}}}},
			fields{"spec": fields{"template": fields{"spec": fields{"restartPolicy": "Never"}}}},
			map[string]string{"spec.template.spec.restartPolicy": "ADD_REPLACE"},
		},
		"a StorageClass's parameters": {
			"storage.k8s.io/v1", "StorageClass",
			settings{},
			fields{"parameters": fields{"pool": "a"}},
			fields{"parameters": fields{"pool": "b"}},
			map[string]string{"parameters.pool": "UPDATE_REPLACE"},
		},
		"a Service's address": {
			"v1", "Service",
			settings{},
			fields{"spec": fields{"clusterIP": "None"}},
			fields{"spec": fields{}},
			map[string]string{"spec.clusterIP": "DELETE_REPLACE of the inputs"},
		},
		"a whole spec that holds a replacing field": {
			"v1", "Service",
			settings{},
			fields{},
			fields{"spec": fields{"clusterIP": "None"}},
			map[string]string{"spec": "ADD_REPLACE"},
		},
		"a pod's image": {
			"v1", "Pod",
			settings{},
			fields{"spec": fields{"containers": []any{fields{"name": "a"}, fields{"image": "i:1"}}}},
			fields{"spec": fields{"containers": []any{fields{"name": "b"}, fields{"image": "i:2"}}}},
			map[string]string{"spec.containers[0].name": "UPDATE", "spec.containers[1].image": "UPDATE_REPLACE"},
		},
		"a name": {
			"example.com/v1", "Widget",
			settings{},
			fields{"metadata": fields{"name": "a"}},
			fields{"metadata": fields{"name": "b"}},
			map[string]string{"metadata.name": "UPDATE_REPLACE"},
		},
		"a custom resource's selector": {
			"example.com/v1", "Widget",
			settings{},
			fields{"spec": fields{"selector": "a"}},
			fields{"spec": fields{"selector": "b"}},
			map[string]string{"spec.selector": "UPDATE"},
		},
		"a ConfigMap's data": {
			"v1", "ConfigMap",
			settings{},
			fields{"data": fields{"a": "x"}},
			fields{"data": fields{"a": "y"}},
			map[string]string{"data.a": "UPDATE_REPLACE"},
		},
		"a ConfigMap's data that may change": {
			"v1", "ConfigMap",
			settings{enableConfigMapMutable: true},
			fields{"data": fields{"a": "x"}},
			fields{"data": fields{"a": "y"}},
			map[string]string{"data.a": "UPDATE"},
		},
		"a frozen ConfigMap's data": {
			"v1", "ConfigMap",
			settings{enableConfigMapMutable: true},
			fields{"immutable": true, "data": fields{"a": "x"}},
			fields{"immutable": true, "data": fields{"a": "y"}},
			map[string]string{"data.a": "UPDATE_REPLACE"},
		},
		"a Secret's data": {
			"v1", "Secret",
			settings{},
			fields{"data": fields{"a": "x"}},
			fields{"data": fields{"a": "y"}},
			map[string]string{"data.a": "UPDATE_REPLACE"},
		},
		"a Secret's data that may change": {
			"v1", "Secret",
			settings{enableSecretMutable: true},
			fields{"data": fields{"a": "x"}},
			fields{"data": fields{"a": "y"}},
			map[string]string{"data.a": "UPDATE"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			object := &unstructured.Unstructured{Object: maps.Clone(test.inputs)}
			object.SetAPIVersion(test.apiVersion)
			object.SetKind(test.kind)
			got := kinds(detail(test.old, test.inputs, test.settings.replacingFields(object)))
			if !maps.Equal(got, test.want) {
				t.Errorf("changes are %q, want %q", got, test.want)
			}
		})
	}
}

func TestIgnore_DropsChangesAtAndBelowAPath(t *testing.T) {
	changes := detail(fields{}, fields{"spec": 1.0, "metadata": 2.0}, nil)
	changes["spec.replicas"] = &pulumirpc.PropertyDiff{}
	changes["spec.ports[0].port"] = &pulumirpc.PropertyDiff{}
	if err := ignore(changes, []string{"spec"}); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(kinds(changes)) != "map[metadata:ADD]" {
		t.Errorf("left are %v", kinds(changes))
	}
}
