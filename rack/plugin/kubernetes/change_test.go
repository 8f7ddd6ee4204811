package kubernetes

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestUpdate_AppliesAndTakesTheFieldsOver(t *testing.T) {
	server := startAPIServer(t)
	p := startProvider(t, server.URL, map[string]string{"enableConfigMapMutable": "true"})
	made := p.create(configMap, "c", inputs("v1", "ConfigMap", "c", data("a")))

	response, err := p.Update(t.Context(), &pulumirpc.UpdateRequest{
		Urn: urn(configMap, "c"), Id: made.id, Olds: p.wire(made.state),
		News: p.wire(p.checked(configMap, "c", nil, inputs("v1", "ConfigMap", "c", data("b")))),
	})
	if err != nil {
		t.Fatal(err)
	}
	const path = "/api/v1/namespaces/default/configmaps/c"
	want := []string{"POST " + strings.TrimSuffix(path, "/c"), "PATCH " + path, "PATCH " + path}
	if got := server.requests(); !slices.Equal(got, want) {
		t.Errorf("requests are %q, want a create, the fields handed over, and the apply: %q", got, want)
	}
	state := p.properties(response.GetProperties())
	if got := state["data"].ObjectValue()["key"].StringValue(); got != "b" {
		t.Errorf("the new state has %q", got)
	}
	if !state[fieldManagerKey].DeepEquals(made.state[fieldManagerKey]) {
		t.Error("the field manager changed")
	}
}

func TestDiff_ReplacesInTheOrderThatNamesAllow(t *testing.T) {
	p := startProvider(t, startAPIServer(t).URL, nil)
	for name, test := range map[string]struct {
		name   string
		change resource.PropertyMap
		first  bool
	}{
		"a name that the program gave":  {"fixed", inputs("v1", "ConfigMap", "fixed", data("b")), true},
		"a name that the plugin gave":   {"", inputs("v1", "ConfigMap", "", data("b")), false},
		"a name that itself is another": {"before", inputs("v1", "ConfigMap", "after", data("b")), false},
	} {
		t.Run(name, func(t *testing.T) {
			made := p.create(configMap, "c", inputs("v1", "ConfigMap", test.name, data("a")))
			diff := p.diff(made, test.change)
			if !slices.Contains(diff.GetReplaces(), "data.key") || diff.GetDeleteBeforeReplace() != test.first {
				t.Errorf("replaces %q, deletes first: %t, want %t", diff.GetReplaces(), diff.GetDeleteBeforeReplace(), test.first)
			}
		})
	}
}

func TestRead_FindsDriftAndWhatIsGone(t *testing.T) {
	server := startAPIServer(t)
	p := startProvider(t, server.URL, nil)
	made := p.create(configMap, "c", inputs("v1", "ConfigMap", "c", data("a")))
	const path = "/api/v1/namespaces/default/configmaps/c"
	server.change(path, func(object *unstructured.Unstructured) {
		object.Object["data"] = map[string]any{"key": "drift", "other": "x"}
	})

	request := &pulumirpc.ReadRequest{
		Urn: urn(configMap, "c"), Id: made.id, Properties: p.wire(made.state), Inputs: p.wire(made.state[inputsKey].ObjectValue()),
	}
	response, err := p.Read(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	found := p.properties(response.GetInputs())["data"].ObjectValue()
	if len(found) != 1 || found["key"].StringValue() != "drift" {
		t.Errorf("the inputs found are %v, want the drift of the program's own field alone", found)
	}

	server.change(path, func(*unstructured.Unstructured) { delete(server.objects, path) })
	response, err = p.Read(t.Context(), request)
	if err != nil || response.GetId() != "" {
		t.Errorf("an object that is gone has the id %q (error %v)", response.GetId(), err)
	}
}

func TestDelete_WaitsUntilTheObjectIsGone(t *testing.T) {
	server := startAPIServer(t)
	p := startProvider(t, server.URL, nil)
	made := p.create(configMap, "c", inputs("v1", "ConfigMap", "c", data("a")))
	const path = "/api/v1/namespaces/default/configmaps/c"
	server.change(path, func(object *unstructured.Unstructured) { object.SetFinalizers([]string{"example.com/hold"}) })

	deletion := &pulumirpc.DeleteRequest{Urn: urn(configMap, "c"), Id: made.id, Properties: p.wire(made.state), Timeout: 1}
	if _, err := p.Delete(t.Context(), deletion); err == nil || !strings.Contains(message(err), `timed out waiting for "c" to be deleted`) {
		t.Errorf("error while a finalizer holds the object is %v", err)
	}
	time.AfterFunc(300*time.Millisecond, func() {
		server.change(path, func(*unstructured.Unstructured) { delete(server.objects, path) })
	})
	deletion.Timeout = 20
	if _, err := p.Delete(t.Context(), deletion); err != nil {
		t.Error(err)
	}
	if _, err := p.Delete(t.Context(), deletion); err != nil {
		t.Errorf("deleting what is gone: %v", err)
	}
}
