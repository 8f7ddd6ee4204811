package kubernetes

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"helm.sh/helm/v3/pkg/repo"
)

// alone is a plugin that reaches no cluster, with the chart's address.
func alone(t *testing.T) helm {
	t.Helper()
	return helm{provider: startProvider(t, "http://127.0.0.1:1", nil), chart: startRegistry(t), namespace: "apps"}
}

func TestReleaseCheck_FillsInWhatTheGenuinePluginDoes(t *testing.T) {
	h := alone(t)
	checked := h.checked(releaseType, "app", nil, resource.NewPropertyMapFromMap(fields{"chart": h.chart}))
	if name := checked["name"].StringValue(); !strings.HasPrefix(name, "app-") || len(name) != len("app-")+8 {
		t.Errorf("the name is %q, want app- and eight digits", name)
	}
	again := h.checked(releaseType, "app", checked, resource.NewPropertyMapFromMap(fields{"chart": h.chart}))
	if again["name"].StringValue() != checked["name"].StringValue() {
		t.Errorf("the name became %v", again["name"])
	}
	for field, want := range map[resource.PropertyKey]any{
		"namespace": "default", "timeout": 300.0, "version": "1.1.0", "atomic": false, "skipAwait": false, "keyring": "",
	} {
		if got := checked[field].V; got != want {
			t.Errorf("%s is %v, want %v", field, got, want)
		}
	}
	impatient := h.checked(releaseType, "app", nil, resource.NewPropertyMapFromMap(fields{"chart": h.chart, "skipAwait": true}))
	if got := impatient["timeout"].V; got != 0.0 {
		t.Errorf("without waiting the timeout is %v", got)
	}
}

func TestReleaseCheck_RefusesAChartThatIsNotThere(t *testing.T) {
	h := alone(t)
	host := strings.TrimSuffix(strings.TrimPrefix(h.chart, "oci://"), "/charts/app")
	for name, test := range map[string]struct {
		inputs fields
		want   string
	}{
		"no such version": {fields{"version": "9.9.9"}, host + "/charts/app:9.9.9: not found"},
		"no such chart":   {fields{"chart": "oci://" + host + "/charts/other"}, host + "/charts/other:1.0.0: not found"},
		"no such folder":  {fields{"chart": "./nowhere"}, `path "./nowhere" not found`},
	} {
		t.Run(name, func(t *testing.T) {
			response, err := h.Check(t.Context(), &pulumirpc.CheckRequest{
				Urn: urn(releaseType, "app"), News: h.wire(h.release(nil, test.inputs)),
			})
			if err != nil {
				t.Fatal(err)
			}
			failures := response.GetFailures()
			want := test.want + "; check the chart name and repository configuration."
			if len(failures) != 1 || failures[0].GetProperty() != "chart" || !strings.HasSuffix(failures[0].GetReason(), want) {
				t.Errorf("failures are %v, want one of chart that ends with %q", failures, want)
			}
		})
	}
}

func TestReleaseCheck_TakesChartsFromARepository(t *testing.T) {
	h := alone(t)
	path, _ := packed(t, "1.1.0")
	server := httptest.NewServer(http.FileServer(http.Dir(filepath.Dir(path))))
	defer server.Close()
	index, err := repo.IndexDirectory(filepath.Dir(path), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := index.WriteFile(filepath.Join(filepath.Dir(path), "index.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	more := fields{"chart": "app", "version": "~1.1", "repositoryOpts": fields{"repo": server.URL}}
	if got := h.checked(releaseType, "app", nil, h.release(nil, more))["version"].StringValue(); got != "1.1.0" {
		t.Errorf("the version is %s", got)
	}
}

func TestReleaseCheck_WaitsWithTheChartUntilEverythingIsKnown(t *testing.T) {
	h := alone(t)
	inputs := h.release(nil, fields{"chart": "oci://localhost:1/nowhere"})
	inputs["values"] = resource.NewObjectProperty(resource.PropertyMap{"greeting": resource.MakeComputed(resource.NewStringProperty(""))})
	checked := h.checked(releaseType, "app", nil, inputs)
	if !checked["values"].ObjectValue()["greeting"].IsComputed() || checked["version"].StringValue() != "1.0.0" {
		t.Errorf("checked as %v", checked)
	}
}

func TestReleaseCheck_RefusesWhatItWouldHaveToLeaveOut(t *testing.T) {
	h := alone(t)
	for input, inputs := range map[string]fields{
		"dependencyUpdate":        {"dependencyUpdate": true},
		"lint":                    {"lint": true},
		"postrender":              {"postrender": "sed"},
		"valueYamlFiles":          {"valueYamlFiles": []any{"values.yaml"}},
		"verify":                  {"verify": true},
		"repositoryOpts.password": {"repositoryOpts": fields{"password": "hunter2"}},
	} {
		_, err := h.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urn(releaseType, "app"), News: h.wire(h.release(nil, inputs))})
		want := "stand-in kubernetes plugin does not implement input " + input + " of kubernetes:helm.sh/v3:Release; " +
			"use the genuine plugin (make rehearse PLUGINS=DIR)"
		if message(err) != want {
			t.Errorf("error is %q, want %q", message(err), want)
		}
	}
}

func TestReleaseDiff_TellsUpdatesFromReplacements(t *testing.T) {
	h := alone(t)
	before := h.release(fields{"a": fields{"b": 1.0, "c": []any{"x"}}}, nil)
	unknown := h.release(nil, nil)
	unknown["values"] = resource.NewObjectProperty(resource.PropertyMap{"a": resource.MakeComputed(resource.NewStringProperty(""))})
	old, err := h.Create(t.Context(), &pulumirpc.CreateRequest{
		Urn: urn(releaseType, "app"), Properties: h.wire(h.checked(releaseType, "app", nil, before)), Preview: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	m := made{releaseType, "app", "apps/app", h.properties(old.GetProperties())}

	for name, test := range map[string]struct {
		inputs resource.PropertyMap
		want   map[string]string
	}{
		"nothing":      {before, map[string]string{}},
		"a value":      {h.release(fields{"a": fields{"b": 2.0, "c": []any{"x"}}}, nil), map[string]string{"values.a.b": "UPDATE"}},
		"a list":       {h.release(fields{"a": fields{"b": 1.0, "c": []any{"x", "y"}}}, nil), map[string]string{"values.a.c[1]": "ADD"}},
		"a null value": {h.release(fields{"a": fields{"b": nil, "c": []any{"x"}, "d": nil}}, nil), map[string]string{"values.a.b": "DELETE", "values.a.d": "DELETE"}},
		"an unknown":   {unknown, map[string]string{"values.a": "UPDATE"}},
		"the version":  {h.release(fields{"a": fields{"b": 1.0, "c": []any{"x"}}}, fields{"version": "1.1.0"}), map[string]string{"version": "UPDATE"}},
		"the name":     {h.release(fields{"a": fields{"b": 1.0, "c": []any{"x"}}}, fields{"name": "other"}), map[string]string{"name": "UPDATE_REPLACE"}},
		"the namespace": {
			h.release(fields{"a": fields{"b": 1.0, "c": []any{"x"}}}, fields{"namespace": "other"}),
			map[string]string{"namespace": "UPDATE_REPLACE"},
		},
	} {
		if changes := h.changes(m, test.inputs); !maps.Equal(changes, test.want) {
			t.Errorf("%s: changes are %v, want %v", name, changes, test.want)
		}
	}
}

func TestRelease_NeedsAClusterForAllButPreviews(t *testing.T) {
	h := alone(t)
	given := h.wire(h.checked(releaseType, "app", nil, h.release(nil, nil)))
	preview, err := h.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn(releaseType, "app"), Properties: given, Preview: true})
	if err != nil {
		t.Fatal(err)
	}
	state := preview.GetProperties()
	if properties := h.properties(state); !properties["status"].IsComputed() || !properties["resourceNames"].IsComputed() {
		t.Errorf("the preview knows the status: %v", properties)
	}
	_, create := h.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn(releaseType, "app"), Properties: given})
	_, update := h.Update(t.Context(), &pulumirpc.UpdateRequest{Urn: urn(releaseType, "app"), Olds: state, News: given})
	_, remove := h.Delete(t.Context(), &pulumirpc.DeleteRequest{Urn: urn(releaseType, "app"), Id: "apps/app", Properties: state})
	_, refresh := h.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn(releaseType, "app"), Id: "apps/app", Properties: state})
	for want, err := range map[string]error{
		"can't create Helm Release with unreachable cluster: unable to load schema information":          create,
		"can't update Helm Release with unreachable cluster: unable to load schema information":          update,
		`can't delete Helm Release with unreachable cluster. Reason: "unable to load schema information`: remove,
		"failed to read resource state due to unreachable cluster":                                       refresh,
	} {
		if !strings.HasPrefix(message(err), want) {
			t.Errorf("error is %q, want %q", message(err), want)
		}
	}
}
