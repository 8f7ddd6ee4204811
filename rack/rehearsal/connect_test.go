package rehearsal

import (
	"log/slog"
	"slices"
	"testing"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/home-ops/home-ops/spec/spectest"
)

// A genuine External Secrets looks for Connect by the name of its Service.
func TestConnectService_AnswersWhileAPodStandsBehindIt(t *testing.T) {
	t.Parallel()
	stack := spectest.Home(t)
	stack.Secrets.OnePassword.ConnectHost = ""
	const name = "onepassword-connect.external-secrets.svc.cluster.local"
	if got := hostsOf(stack, nil)[name]; got != connectServiceAddress {
		t.Errorf("%s is %s in the room, want %s", name, got, connectServiceAddress)
	}
	service := connectServiceOf(stack, slog.New(slog.DiscardHandler))
	defer service.Close()
	yes, no := true, false
	endpoints := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "external-secrets", Name: "a", Labels: map[string]string{discoveryv1.LabelServiceName: "onepassword-connect"},
		},
		Endpoints: []discoveryv1.Endpoint{{Conditions: discoveryv1.EndpointConditions{Ready: &no}}},
	}
	other := endpoints.DeepCopy()
	other.Name, other.Labels, other.Endpoints[0].Conditions.Ready = "b", map[string]string{discoveryv1.LabelServiceName: "other"}, &yes
	client := fake.NewClientset(endpoints, other)
	leads := func(want ...string) {
		t.Helper()
		if err := service.look(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		if got := service.Targets(); !slices.Equal(got, want) {
			t.Errorf("it leads to %v, want %v", got, want)
		}
	}
	leads()
	endpoints.Endpoints[0].Conditions.Ready = &yes
	if _, err := client.DiscoveryV1().EndpointSlices(endpoints.Namespace).Update(t.Context(), endpoints, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	leads(connectInCluster)
	if err := client.DiscoveryV1().EndpointSlices(endpoints.Namespace).Delete(t.Context(), endpoints.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	leads()
}

func TestConnectService_IsInNoClusterThatHasConnectOutside(t *testing.T) {
	t.Parallel()
	stack := spectest.Home(t)
	stack.Secrets.OnePassword.ConnectHost = "http://10.0.5.9:8080"
	if service := connectServiceOf(stack, slog.New(slog.DiscardHandler)); service != nil {
		t.Errorf("it has one: %s", service.name)
	}
	stack.Secrets.OnePassword = nil
	if service := connectServiceOf(stack, slog.New(slog.DiscardHandler)); service != nil {
		t.Errorf("without 1Password it has one: %s", service.name)
	}
}
