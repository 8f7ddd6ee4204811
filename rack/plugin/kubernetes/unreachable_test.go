package kubernetes

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

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
