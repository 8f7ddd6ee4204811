package kubernetes

import (
	"reflect"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestNormalize_WritesAnObjectAsTheAPIServerDoes(t *testing.T) {
	for name, test := range map[string]struct{ given, want fields }{
		"quantities": {
			fields{"apiVersion": "v1", "kind": "Pod", "spec": fields{"containers": []any{
				fields{"name": "c", "resources": fields{"requests": fields{"cpu": "1000m", "memory": "1024Mi"}}},
			}}},
			fields{"apiVersion": "v1", "kind": "Pod", "spec": fields{"containers": []any{
				fields{"name": "c", "resources": fields{"requests": fields{"cpu": "1", "memory": "1Gi"}}},
			}}},
		},
		"the text of a Secret": {
			fields{"apiVersion": "v1", "kind": "Secret", "data": fields{"a": "eA=="}, "stringData": fields{"b": "y"}},
			fields{"apiVersion": "v1", "kind": "Secret", "data": fields{"a": "eA==", "b": "eQ=="}},
		},
		"a definition that preserves nothing": {
			fields{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": fields{"preserveUnknownFields": false}, "status": fields{}},
			fields{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": fields{}},
		},
		"what only the server sets": {
			fields{"apiVersion": "v1", "kind": "Namespace", "metadata": fields{"name": "n", "uid": "x", "resourceVersion": "1"}},
			fields{"apiVersion": "v1", "kind": "Namespace", "metadata": fields{"name": "n"}},
		},
		"a custom resource, as it is": {
			fields{"apiVersion": "example.com/v1", "kind": "Widget", "spec": fields{"cpu": "1000m"}},
			fields{"apiVersion": "example.com/v1", "kind": "Widget", "spec": fields{"cpu": "1000m"}},
		},
		"what is not known yet, as it is": {
			fields{"apiVersion": "v1", "kind": "Secret", "stringData": fields{"a": resource.Computed{}}},
			fields{"apiVersion": "v1", "kind": "Secret", "stringData": fields{"a": resource.Computed{}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := normalize(&unstructured.Unstructured{Object: test.given})
			if !reflect.DeepEqual(got.Object, test.want) {
				t.Errorf("got  %v\nwant %v", got.Object, test.want)
			}
		})
	}
}

func TestPrune_KeepsWhatTheInputsHave(t *testing.T) {
	live := fields{
		"status": fields{"phase": "Active"},
		"spec":   fields{"replicas": int64(2), "strategy": "x", "list": []any{fields{"a": "1", "b": "2"}, fields{"a": "3"}}},
	}
	inputs := fields{"spec": fields{"replicas": 1.0, "list": []any{fields{"a": "0"}}, "absent": true}}
	want := fields{"spec": fields{"replicas": int64(2), "list": []any{fields{"a": "1"}}}}
	got := prune(&unstructured.Unstructured{Object: live}, &unstructured.Unstructured{Object: inputs})
	if !reflect.DeepEqual(got.Object, want) {
		t.Errorf("got  %v\nwant %v", got.Object, want)
	}
}

func TestMarkSecrets_FollowsTheInputs(t *testing.T) {
	given := resource.PropertyMap{
		"spec": resource.NewObjectProperty(resource.PropertyMap{
			"token": resource.MakeSecret(resource.NewStringProperty("t")),
			"list":  resource.NewArrayProperty([]resource.PropertyValue{resource.MakeSecret(resource.NewStringProperty("i"))}),
			"open":  resource.NewStringProperty("o"),
		}),
	}
	outputs := toProperties(fields{"spec": fields{"token": "t", "list": []any{"i", "j"}, "open": "o"}, "status": fields{}})
	markSecrets(outputs, given)

	spec := outputs["spec"].ObjectValue()
	for key, want := range map[resource.PropertyKey]bool{"token": true, "list": true, "open": false} {
		if got := spec[key].IsSecret(); got != want {
			t.Errorf("spec.%s is secret: %t, want %t", key, got, want)
		}
	}
	secret := toProperties(fields{"apiVersion": "v1", "kind": "Secret", "data": fields{"a": "eA=="}})
	markSecrets(secret, nil)
	if !secret["data"].IsSecret() {
		t.Error("the data of a Secret is not secret")
	}
}
