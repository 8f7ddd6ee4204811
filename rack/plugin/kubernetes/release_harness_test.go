package kubernetes

import (
	"net"
	"os"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/status"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/registry"
)

// packed is the chart of the tests as an archive, and its path.
func packed(t *testing.T, version string) (string, []byte) {
	t.Helper()
	chart, err := loader.LoadDir("testdata/app")
	if err != nil {
		t.Fatal(err)
	}
	chart.Metadata.Version = version
	path, err := chartutil.Save(chart, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	archive, err := os.ReadFile(path) //nolint:gosec // a path that was just made
	if err != nil {
		t.Fatal(err)
	}
	return path, archive
}

// startRegistry serves the chart in two versions, and returns its address.
func startRegistry(t *testing.T) string {
	t.Helper()
	charts := registry.New("localhost")
	for _, version := range []string{"1.0.0", "1.1.0"} {
		_, archive := packed(t, version)
		if err := charts.AddChart("localhost", "charts/app:"+version, archive); err != nil {
			t.Fatal(err)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = charts.Serve(listener, authority.ServerConfig()) }()
	t.Cleanup(func() { _ = charts.Close() })
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return "oci://localhost:" + port + "/charts/app"
}

// helm is a plugin on the real API server, with the chart's address and a namespace for one test alone.
type helm struct {
	provider
	chart, namespace string
	cluster          *lazyControlPlane
}

func startHelm(t *testing.T) helm {
	t.Helper()
	t.Parallel()
	cluster := controlPlane.get(t)
	return helm{
		provider:  startProvider(t, "", map[string]string{"kubeconfig": cluster.kubeconfig}),
		chart:     startRegistry(t),
		namespace: "test-" + strings.ToLower(strings.ReplaceAll(t.Name()[len("TestRelease_"):], "/", "-")),
		cluster:   cluster,
	}
}

// release are the inputs of a release of the tests' chart.
func (h helm) release(values fields, more fields) resource.PropertyMap {
	declared := fields{
		"name": "app", "namespace": h.namespace, "createNamespace": true,
		"chart": h.chart, "version": "1.0.0", "timeout": 20.0, "values": values,
	}
	for key, value := range more {
		declared[key] = value
	}
	return resource.NewPropertyMapFromMap(declared)
}

// update brings a release to new inputs.
func (h helm) update(m made, inputs resource.PropertyMap) (made, error) {
	h.t.Helper()
	checked := h.checked(releaseType, m.name, inputsOf(m.state), inputs)
	response, err := h.Update(h.t.Context(), &pulumirpc.UpdateRequest{
		Urn: urn(releaseType, m.name), Id: m.id, Olds: h.wire(m.state), News: h.wire(checked),
	})
	if err != nil {
		return made{}, err
	}
	return made{releaseType, m.name, m.id, h.properties(response.GetProperties())}, nil
}

// changes are the paths of a diff and what becomes of them.
func (h helm) changes(m made, inputs resource.PropertyMap) map[string]string {
	h.t.Helper()
	response, err := h.Diff(h.t.Context(), &pulumirpc.DiffRequest{
		Urn: urn(releaseType, m.name), Id: m.id, Olds: h.wire(m.state),
		News: h.wire(h.checked(releaseType, m.name, inputsOf(m.state), inputs)),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	changes := map[string]string{}
	for path, change := range response.GetDetailedDiff() {
		changes[path] = change.GetKind().String()
	}
	if changed := response.GetChanges() == pulumirpc.DiffResponse_DIFF_SOME; changed != (len(changes) > 0) {
		h.t.Errorf("the diff says changed: %t, and %v", changed, changes)
	}
	return changes
}

// tryCreate makes a release of these inputs, which may fail.
func (h helm) tryCreate(inputs resource.PropertyMap) (*pulumirpc.CreateResponse, error) {
	h.t.Helper()
	return h.Create(h.t.Context(), &pulumirpc.CreateRequest{
		Urn: urn(releaseType, "app"), Properties: h.wire(h.checked(releaseType, "app", nil, inputs)),
	})
}

// kept is the resource that the engine keeps in the state after a failure, and why it is not initialized.
func (h helm) kept(err error) (made, []string) {
	h.t.Helper()
	for _, detail := range status.Convert(err).Details() {
		if failed, ok := detail.(*pulumirpc.ErrorResourceInitFailed); ok {
			return made{releaseType, "app", failed.GetId(), h.properties(failed.GetProperties())}, failed.GetReasons()
		}
	}
	h.t.Fatalf("nothing is kept after: %v", err)
	return made{}, nil
}

// greeting is what the release's ConfigMap says in the cluster; "" when there is none.
func (h helm) greeting() string {
	config, err := h.cluster.client.CoreV1().ConfigMaps(h.namespace).Get(h.t.Context(), "app", metav1.GetOptions{})
	if err != nil {
		return ""
	}
	return config.Data["greeting"]
}

func (m made) status(field string) any {
	value := m.state["status"].ObjectValue()[resource.PropertyKey(field)]
	return value.V
}
