package kubernetes

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func TestRelease_LivesFromInstallToUninstall(t *testing.T) {
	h := startHelm(t)
	declared := h.release(fields{"greeting": "hello"}, nil)
	m := h.create(releaseType, "app", declared)
	if m.id != h.namespace+"/app" || m.status("status") != "deployed" || m.status("revision") != 1.0 || m.status("appVersion") != "7" {
		t.Errorf("%s is %v", m.id, m.state["status"])
	}
	if names := m.state["resourceNames"].Mappable(); fmt.Sprint(names) != "map[ConfigMap/v1:[app] Pod/v1:[app-ready] Secret/v1:[app]]" {
		t.Errorf("resource names: %v", names)
	}
	if changes := h.changes(m, declared); len(changes) > 0 {
		t.Errorf("unchanged inputs change %v", changes)
	}

	declared = h.release(fields{"greeting": "goodbye"}, nil)
	if changes := h.changes(m, declared); !maps.Equal(changes, map[string]string{"values.greeting": "UPDATE"}) {
		t.Errorf("another greeting changes %v", changes)
	}
	m, err := h.update(m, declared)
	if err != nil {
		t.Fatal(err)
	}
	if h.greeting() != "goodbye" || m.status("revision") != 2.0 {
		t.Errorf("the greeting is %q, the status %v", h.greeting(), m.state["status"])
	}

	found, err := h.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn(releaseType, "app"), Id: m.id, Properties: h.wire(m.state)})
	if err != nil {
		t.Fatal(err)
	}
	if refreshed := h.properties(found.GetProperties()); !refreshed.DeepEquals(m.state) {
		t.Errorf("a refresh sees %v, want %v", refreshed, m.state)
	}

	if _, err := h.Delete(t.Context(), &pulumirpc.DeleteRequest{Urn: urn(releaseType, "app"), Id: m.id, Properties: h.wire(m.state)}); err != nil {
		t.Fatal(err)
	}
	if h.greeting() != "" {
		t.Error("the objects are still there")
	}
	gone, err := h.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn(releaseType, "app"), Id: m.id, Properties: h.wire(m.state)})
	if err != nil || gone.GetId() != "" {
		t.Errorf("a refresh sees %q (error %v)", gone.GetId(), err)
	}
}

func TestRelease_FailedInstallIsKeptAndRepairedByTheNextUpdate(t *testing.T) {
	h := startHelm(t)
	_, err := h.tryCreate(h.release(fields{"ready": false}, fields{"timeout": 1.0}))
	id := h.namespace + "/app"
	want := fmt.Sprintf("Helm release %q was created, but failed to initialize completely. Use Helm CLI to investigate: "+
		"failed to become available within allocated timeout. Error: Helm Release %s: ", id, id)
	if err == nil || !strings.HasPrefix(message(err), want) {
		t.Fatalf("error is %q, want %q", message(err), want)
	}
	m, reasons := h.kept(err)
	if m.id != id || m.status("status") != "failed" || len(reasons) != 1 || reasons[0] != message(err) {
		t.Errorf("%s is kept as %v because %q", m.id, m.state["status"], reasons)
	}

	m, err = h.update(m, h.release(fields{"ready": true}, nil))
	if err != nil {
		t.Fatal(err)
	}
	if m.status("status") != "deployed" || m.status("revision") != 2.0 {
		t.Errorf("after the repair it is %v", m.state["status"])
	}
}

func TestRelease_AtomicFailureUndoesInstallsAndUpgrades(t *testing.T) {
	h := startHelm(t)
	broken := h.release(fields{"greeting": "broken", "ready": false}, fields{"atomic": true, "timeout": 3.0})
	_, err := h.tryCreate(broken)
	if err == nil || !strings.HasPrefix(message(err), "release app failed, and has been uninstalled due to atomic being set: ") {
		t.Errorf("the install ends with %v", err)
	}
	if h.greeting() != "" {
		t.Error("the failed install has left objects")
	}

	m := h.create(releaseType, "app", h.release(fields{"greeting": "hello"}, nil))
	_, err = h.update(m, broken)
	if err == nil || !strings.Contains(message(err), "release app failed, and has been rolled back due to atomic being set: ") {
		t.Errorf("the upgrade ends with %v", err)
	}
	if h.greeting() != "hello" {
		t.Errorf("the greeting is %q", h.greeting())
	}
	if m, _ := h.kept(err); m.status("status") != "failed" {
		t.Errorf("kept as %v: the next run would not try again", m.state["status"])
	}
}

func TestRelease_SecretValuesAreNeverInPlain(t *testing.T) {
	h := startHelm(t)
	with := func(ready bool) resource.PropertyMap {
		inputs := h.release(fields{"ready": ready}, fields{"timeout": 5.0})
		inputs["values"].ObjectValue()["password"] = resource.MakeSecret(resource.NewStringProperty("hunter2"))
		return inputs
	}
	preview, err := h.Create(t.Context(), &pulumirpc.CreateRequest{
		Urn: urn(releaseType, "app"), Properties: h.wire(h.checked(releaseType, "app", nil, with(true))), Preview: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	expectHidden(t, h.properties(preview.GetProperties()))
	m := h.create(releaseType, "app", with(true))
	expectHidden(t, m.state)
	secret := m.state["values"].ObjectValue()["password"]
	if !secret.IsSecret() || secret.SecretValue().Element.StringValue() != "hunter2" {
		t.Errorf("the password in the state is %v", secret)
	}
	if changes := h.changes(m, with(true)); len(changes) > 0 {
		t.Errorf("unchanged inputs change %v", changes)
	}

	inputs := with(false)
	inputs["timeout"] = resource.NewNumberProperty(1)
	_, err = h.update(m, inputs)
	failed, reasons := h.kept(err)
	expectHidden(t, failed.state)
	if strings.Contains(fmt.Sprint(reasons), "hunter2") {
		t.Errorf("the reasons tell the password: %q", reasons)
	}
}

// expectHidden looks for the password in everything that is not secret.
func expectHidden(t *testing.T, state resource.PropertyMap) {
	t.Helper()
	open := state.MapRepl(nil, func(v resource.PropertyValue) (any, bool) { return "[secret]", v.IsSecret() })
	if strings.Contains(fmt.Sprint(open), "hunter2") {
		t.Errorf("the password is in plain: %v", open)
	}
}

func TestRelease_ImportFindsWhatHelmInstalled(t *testing.T) {
	h := startHelm(t)
	m := h.create(releaseType, "app", h.release(fields{"greeting": "hello"}, fields{"skipAwait": true}))
	found, err := h.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn(releaseType, "app"), Id: m.id})
	if err != nil {
		t.Fatal(err)
	}
	inputs := h.properties(found.GetInputs())
	for field, want := range map[resource.PropertyKey]any{
		"name": "app", "namespace": h.namespace, "chart": "app", "version": "1.0.0", "values": map[string]any{"greeting": "hello"},
	} {
		if got := inputs[field].Mappable(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s is %v, want %v", field, got, want)
		}
	}
	if found.GetId() != m.id || inputs.HasValue("status") {
		t.Errorf("%s: %v", found.GetId(), inputs)
	}
}
