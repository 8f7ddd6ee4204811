package kubernetes

import (
	"errors"

	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	configMap  = "kubernetes:core/v1:ConfigMap"
	secretType = "kubernetes:core/v1:Secret"
	widget     = "kubernetes:example.com/v1:Widget"
	job        = "kubernetes:batch/v1:Job"
)

func data(value string) fields { return fields{"data": fields{"key": value}} }

func TestCheck_NamesAnObjectAndKeepsTheName(t *testing.T) {
	p := startProvider(t, startAPIServer(t).URL, nil)
	first := p.checked(configMap, "settings", nil, inputs("v1", "ConfigMap", "", data("a")))
	metadata := first["metadata"].ObjectValue()
	name := metadata["name"].StringValue()
	if !strings.HasPrefix(name, "settings-") || len(name) != len("settings-")+8 {
		t.Errorf("the name is %q, want settings- and eight digits", name)
	}
	if metadata["annotations"].ObjectValue()["pulumi.com/autonamed"].StringValue() != "true" {
		t.Errorf("the object is not marked as named by the plugin: %v", metadata)
	}
	if got := metadata["namespace"].StringValue(); got != "default" {
		t.Errorf("the namespace is %q", got)
	}
	again := p.checked(configMap, "settings", first, inputs("v1", "ConfigMap", "", data("b")))
	if got := again["metadata"].ObjectValue()["name"].StringValue(); got != name {
		t.Errorf("the name became %q, was %q", got, name)
	}
}

func TestCreate_KeepsInputsManagerAndSecrecyInTheState(t *testing.T) {
	server := startAPIServer(t)
	p := startProvider(t, server.URL, nil)
	given := inputs("v1", "Secret", "login", nil)
	given["stringData"] = resource.NewObjectProperty(resource.PropertyMap{"password": resource.MakeSecret(resource.NewStringProperty("hunter2"))})

	made := p.create(secretType, "login", given)
	if made.id != "default/login" {
		t.Errorf("id is %q", made.id)
	}
	if !made.state["data"].IsSecret() || !made.state[inputsKey].ObjectValue()["data"].IsSecret() {
		t.Errorf("the Secret's data is open: %v", made.state)
	}
	if got := made.state[initialAPIVersionKey].StringValue(); got != "v1" {
		t.Errorf("the initial API version is %q", got)
	}
	if got := made.state[fieldManagerKey].StringValue(); !strings.HasPrefix(got, "pulumi-kubernetes-") {
		t.Errorf("the field manager is %q", got)
	}
	live := server.object("/api/v1/namespaces/default/secrets/login")
	if password, _, _ := unstructured.NestedString(live.Object, "data", "password"); password != "aHVudGVyMg==" {
		t.Errorf("the password in the cluster is %q", password)
	}
	if diff := p.diff(made, given); diff.GetChanges() != pulumirpc.DiffResponse_DIFF_NONE {
		t.Errorf("the same inputs change %v", diff.GetDetailedDiff())
	}
}

func TestCreate_DoesNotAdoptWhatExists(t *testing.T) {
	p := startProvider(t, startAPIServer(t).URL, nil)
	p.create(configMap, "one", inputs("v1", "ConfigMap", "same", data("a")))
	_, err := p.Create(t.Context(), &pulumirpc.CreateRequest{
		Urn:        urn(configMap, "two"),
		Properties: p.wire(p.checked(configMap, "two", nil, inputs("v1", "ConfigMap", "same", data("b")))),
	})
	if err == nil || !strings.Contains(message(err), "same already exists; the object exists in the cluster already: import it") {
		t.Errorf("error is %v", err)
	}
}

func TestCreate_WaitsForItsKindToExist(t *testing.T) {
	server := startAPIServer(t)
	p := startProvider(t, server.URL, nil)
	time.AfterFunc(500*time.Millisecond, func() {
		server.serve("example.com/v1", metav1.APIResource{Name: "widgets", Kind: "Widget"})
	})
	made := p.create(widget, "w", inputs("example.com/v1", "Widget", "w", fields{"spec": fields{"size": 3.0}}))
	if made.id != "w" && made.id != "default/w" {
		t.Errorf("id is %q", made.id)
	}
}

func TestCreate_PreviewIsADryRunWhereThatIsPossible(t *testing.T) {
	unknown := resource.MakeComputed(resource.NewStringProperty(""))
	for name, test := range map[string]struct {
		token string
		given resource.PropertyMap
		dry   []string
		uid   bool
	}{
		"of what is known": {
			configMap, inputs("v1", "ConfigMap", "c", data("a")),
			[]string{"POST /api/v1/namespaces/default/configmaps dry"}, true,
		},
		"of what is not known yet": {
			configMap, func() resource.PropertyMap {
				given := inputs("v1", "ConfigMap", "c", nil)
				given["data"] = resource.NewObjectProperty(resource.PropertyMap{"key": unknown})
				return given
			}(), nil, false,
		},
		"of a kind that is not there yet": {widget, inputs("example.com/v1", "Widget", "w", nil), nil, false},
		"of a name that another object has": {
			configMap, inputs("v1", "ConfigMap", "taken", data("a")),
			[]string{"POST /api/v1/namespaces/default/configmaps dry"}, false,
		},
		"of a namespace that is not there yet": {
			configMap, inputs("v1", "ConfigMap", "c", fields{"metadata": fields{"name": "c", "namespace": "later"}}),
			[]string{"POST /api/v1/namespaces/later/configmaps dry"}, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := startAPIServer(t)
			server.objects["/api/v1/namespaces/default/configmaps/taken"] = map[string]any{}
			p := startProvider(t, server.URL, nil)
			response, err := p.Create(t.Context(), &pulumirpc.CreateRequest{
				Urn: urn(test.token, "it"), Preview: true, Properties: p.wire(p.checked(test.token, "it", nil, test.given)),
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := server.requests(); !slices.Equal(got, test.dry) {
				t.Errorf("requests are %q, want %q", got, test.dry)
			}
			metadata := p.properties(response.GetProperties())["metadata"].ObjectValue()
			if _, ok := metadata["uid"]; ok != test.uid || response.GetId() != "" {
				t.Errorf("has a uid: %t, id %q", ok, response.GetId())
			}
		})
	}
}

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

func TestAwait_KeepsAnObjectThatIsNotReady(t *testing.T) {
	p := startProvider(t, startAPIServer(t).URL, nil)
	given := p.checked(job, "j", nil, inputs("batch/v1", "Job", "j", fields{"spec": fields{}}))
	_, err := p.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn(job, "j"), Properties: p.wire(given), Timeout: 1})
	if err == nil {
		t.Fatal("a Job that never ran counts as ready")
	}
	failure := initFailure(t, err)
	if failure.GetId() != "default/j" || failure.GetProperties() == nil {
		t.Errorf("the failure keeps the id %q and the state %v", failure.GetId(), failure.GetProperties())
	}
	want := []string{
		`resource "urn:pulumi:dev::test::kubernetes:batch/v1:Job::j" was successfully created, but the Kubernetes API ` +
			`server reported that it failed to fully initialize or become live: 'j' timed out waiting to be Ready`,
		`Waiting for Job "j" to succeed (Active: 0 | Succeeded: 0 | Failed: 0)`,
	}
	if !slices.Equal(failure.GetReasons(), want) {
		t.Errorf("reasons are %q, want %q", failure.GetReasons(), want)
	}
}

// initFailure is the part of an error that tells the engine to keep the resource.
func initFailure(t *testing.T, err error) *pulumirpc.ErrorResourceInitFailed {
	t.Helper()
	converted, ok := rpcerror.FromError(err)
	if !ok {
		t.Fatalf("no gRPC error: %v", err)
	}
	for _, detail := range converted.Details() {
		if failure, ok := detail.(*pulumirpc.ErrorResourceInitFailed); ok {
			return failure
		}
	}
	t.Fatal(errors.Join(errors.New("no ErrorResourceInitFailed"), err))
	return nil
}

func TestAwait_FollowsTheAnnotations(t *testing.T) {
	server := startAPIServer(t)
	p := startProvider(t, server.URL, nil)
	annotated := func(name, annotation, value string) resource.PropertyMap {
		return inputs("batch/v1", "Job", name, fields{"metadata": fields{"name": name, "annotations": fields{annotation: value}}})
	}
	p.create(job, "skips", annotated("skips", "pulumi.com/skipAwait", "true"))

	time.AfterFunc(400*time.Millisecond, func() {
		server.change("/apis/batch/v1/namespaces/default/jobs/waits", func(object *unstructured.Unstructured) {
			object.Object["status"] = map[string]any{"phase": "Up"}
		})
	})
	made := p.create(job, "waits", annotated("waits", "pulumi.com/waitFor", "jsonpath={.status.phase}=Up"))
	if got := made.state["status"].ObjectValue()["phase"].StringValue(); got != "Up" {
		t.Errorf("the state is from before the wait: phase %q", got)
	}
}

func TestUnreachable_PreviewsGoOnAndChangesFail(t *testing.T) {
	server := startAPIServer(t)
	made := startProvider(t, server.URL, nil).create(configMap, "c", inputs("v1", "ConfigMap", "c", data("a")))
	server.Close()
	p := startProvider(t, server.URL, nil)

	given := p.wire(p.checked(configMap, "c", nil, inputs("v1", "ConfigMap", "c", data("b"))))
	if _, err := p.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn(configMap, "c"), Properties: given, Preview: true}); err != nil {
		t.Errorf("preview of a create: %v", err)
	}
	if diff := p.diff(made, inputs("v1", "ConfigMap", "c", data("b"))); len(diff.GetReplaces()) == 0 {
		t.Error("no diff without the cluster")
	}

	_, create := p.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn(configMap, "c"), Properties: given})
	_, update := p.Update(t.Context(), &pulumirpc.UpdateRequest{Urn: urn(configMap, "c"), Olds: p.wire(made.state), News: given})
	_, refresh := p.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn(configMap, "c"), Id: made.id, Properties: p.wire(made.state)})
	_, remove := p.Delete(t.Context(), &pulumirpc.DeleteRequest{Urn: urn(configMap, "c"), Id: made.id, Properties: p.wire(made.state)})
	for want, err := range map[string]error{
		"configured Kubernetes cluster is unreachable: unable to load schema information": create,
		"configured Kubernetes cluster is unreachable: unable to load schema":             update,
		"failed to read resource state due to unreachable cluster":                        refresh,
		"configured Kubernetes cluster is unreachable. If the cluster was deleted":        remove,
	} {
		if err == nil || !strings.HasPrefix(message(err), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
}

func TestUnreachable_DeletesWhatTheProviderIsToldToForget(t *testing.T) {
	server := startAPIServer(t)
	made := startProvider(t, server.URL, nil).create(configMap, "c", inputs("v1", "ConfigMap", "c", data("a")))
	server.Close()
	p := startProvider(t, server.URL, map[string]string{"deleteUnreachable": "true"})
	if _, err := p.Delete(t.Context(), &pulumirpc.DeleteRequest{Urn: urn(configMap, "c"), Id: made.id, Properties: p.wire(made.state)}); err != nil {
		t.Error(err)
	}
	response, err := p.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn(configMap, "c"), Id: made.id, Properties: p.wire(made.state)})
	if err != nil || response.GetId() != "" {
		t.Errorf("a refresh keeps %q (error %v)", response.GetId(), err)
	}
}

func TestConfigure_RefusesWhatItDoesNotDo(t *testing.T) {
	p := startProvider(t, startAPIServer(t).URL, nil)
	_, err := p.Configure(t.Context(), &pulumirpc.ConfigureRequest{Variables: map[string]string{"kubernetes:config:enableServerSideApply": "false"}})
	if err == nil || !strings.HasPrefix(message(err), "stand-in kubernetes plugin does not implement client-side apply") {
		t.Errorf("error is %v", err)
	}
	response, err := p.CheckConfig(t.Context(), &pulumirpc.CheckRequest{
		News: p.wire(resource.PropertyMap{"renderYamlToDirectory": resource.NewStringProperty("out")}),
	})
	if err != nil || len(response.GetFailures()) != 1 {
		t.Errorf("failures are %v (error %v)", response.GetFailures(), err)
	}
}
