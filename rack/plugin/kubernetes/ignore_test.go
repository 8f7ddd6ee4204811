package kubernetes

import (
	"reflect"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// owned is an object whose managers own the fields given, in the API's own writing.
func owned(object fields, managers map[string]string) *unstructured.Unstructured {
	live := &unstructured.Unstructured{Object: object}
	var entries []metav1.ManagedFieldsEntry
	for manager, raw := range managers {
		entries = append(entries, metav1.ManagedFieldsEntry{Manager: manager, FieldsV1: &metav1.FieldsV1{Raw: []byte(raw)}})
	}
	live.SetManagedFields(entries)
	return live
}

func TestKeepIgnored_SendsTheClustersValueOrNothing(t *testing.T) {
	const replicas = `{"f:spec":{"f:replicas":{}}}`
	for name, test := range map[string]struct {
		managers map[string]string
		live     fields
		want     fields
	}{
		"a field of our own": {
			map[string]string{"us": replicas}, fields{"spec": fields{"replicas": int64(5)}}, fields{"spec": fields{"replicas": int64(5)}},
		},
		"a field of an autoscaler's": {
			map[string]string{"hpa": replicas, "us": `{"f:spec":{"f:paused":{}}}`}, fields{"spec": fields{"replicas": int64(5)}}, fields{"spec": fields{}},
		},
		"a field that is shared": {
			map[string]string{"hpa": replicas, "us": replicas}, fields{"spec": fields{"replicas": int64(5)}}, fields{"spec": fields{"replicas": int64(5)}},
		},
		"a field that is not there": {
			nil, fields{"spec": fields{}}, fields{"spec": fields{"replicas": 2.0}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			given := &unstructured.Unstructured{Object: fields{"spec": fields{"replicas": 2.0}}}
			kept, err := keepIgnored(given, owned(test.live, test.managers), "us", []string{"spec.replicas"})
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(kept.Object, test.want) {
				t.Errorf("sends %v, want %v", kept.Object, test.want)
			}
		})
	}
}

func TestKeepIgnored_RefusesAPathIntoAList(t *testing.T) {
	_, err := keepIgnored(&unstructured.Unstructured{Object: fields{}}, owned(fields{}, nil), "us", []string{"spec.ports[0]"})
	want := "stand-in kubernetes plugin does not implement ignoreChanges inside a list (spec.ports[0])"
	if err == nil || err.Error() != want {
		t.Errorf("error is %v, want %q", err, want)
	}
}

func TestForces_TakesFieldsOnlyWhenAsked(t *testing.T) {
	ours := owned(fields{}, nil)
	ours.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: createManager, Operation: metav1.ManagedFieldsOperationUpdate}})
	annotated := &unstructured.Unstructured{Object: fields{"metadata": fields{"annotations": fields{patchForceAnnotation: "true"}}}}
	bare := &unstructured.Unstructured{Object: fields{}}

	for name, test := range map[string]struct {
		inputs, live *unstructured.Unstructured
		settings     settings
		dryRun       bool
		want         bool
	}{
		"an update":                          {bare, ours, settings{}, false, false},
		"a preview before the fields change": {bare, ours, settings{}, true, true},
		"an annotation":                      {annotated, ours, settings{}, false, true},
		"a provider that always does":        {bare, ours, settings{enablePatchForce: true}, false, true},
		"an object that nobody manages":      {bare, owned(fields{}, nil), settings{}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			a := &applier{server: &Server{settings: test.settings}, dryRun: test.dryRun}
			if got := a.forces(test.inputs, test.live); got != test.want {
				t.Errorf("forces is %t, want %t", got, test.want)
			}
		})
	}
}
