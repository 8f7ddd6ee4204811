package kubernetes

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
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
			[]string{"POST /api/v1/namespaces/default/configmaps dry"},
			true,
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
			[]string{"POST /api/v1/namespaces/default/configmaps dry"},
			false,
		},
		"of a namespace that is not there yet": {
			configMap, inputs("v1", "ConfigMap", "c", fields{"metadata": fields{"name": "c", "namespace": "later"}}),
			[]string{"POST /api/v1/namespaces/later/configmaps dry"},
			false,
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

func TestCreate_UpdatesWhatExistsWhereTheProviderIsToldTo(t *testing.T) {
	server := startAPIServer(t)
	p := startProvider(t, server.URL, map[string]string{"upsertExistingObjects": "true"})
	first := p.create(configMap, "one", inputs("v1", "ConfigMap", "same", data("a")))
	second := p.create(configMap, "two", inputs("v1", "ConfigMap", "same", data("b")))
	if first.id != second.id {
		t.Errorf("ids are %q and %q", first.id, second.id)
	}
	live := server.object("/api/v1/namespaces/default/configmaps/same")
	if value, _, _ := unstructured.NestedString(live.Object, "data", "key"); value != "b" {
		t.Errorf("the object has %q", value)
	}
}

func TestCreate_PreviewOfAReplacementGetsPastWhatIsToGo(t *testing.T) {
	server := startAPIServer(t)
	const path = "/api/v1/namespaces/default/configmaps/fixed"
	server.objects[path], server.frozen[path] = map[string]any{}, true
	p := startProvider(t, server.URL, map[string]string{"upsertExistingObjects": "true"})
	response, err := p.Create(t.Context(), &pulumirpc.CreateRequest{
		Urn: urn(configMap, "it"), Preview: true,
		Properties: p.wire(p.checked(configMap, "it", nil, inputs("v1", "ConfigMap", "fixed", data("b")))),
	})
	if err != nil {
		t.Fatal(err)
	}
	name := p.properties(response.GetProperties())["metadata"].ObjectValue()["name"].StringValue()
	if !strings.HasPrefix(name, "fixed") || name == "fixed" {
		t.Errorf("the dry run was of %q", name)
	}
}
