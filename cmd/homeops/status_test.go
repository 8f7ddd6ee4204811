package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/home-ops/home-ops/internal/kubeapi/apitest"
)

// cluster is the kubeconfig of an API that answers with these bodies.
func cluster(t *testing.T, bodies map[string]string) string {
	t.Helper()
	kubeconfig, _ := apitest.Serve(t, time.Hour, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := bodies[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(body))
	}))
	return string(kubeconfig)
}

func node(name, ready, message string) string {
	return fmt.Sprintf(`{"metadata":{"name":%q},"status":{"nodeInfo":{"kubeletVersion":"v1.34.1"},"conditions":[{"type":"Ready","status":%q,"message":%q}]}}`, name, ready, message)
}

func conditioned(name, condition, status, message string) string {
	return fmt.Sprintf(`{"metadata":{"name":%q,"namespace":"it"},"status":{"conditions":[{"type":%q,"status":%q,"message":%q}]}}`, name, condition, status, message)
}

func items(objects ...string) string { return `{"items":[` + strings.Join(objects, ",") + `]}` }

func TestStatus_IsFiveLinesAndThePages(t *testing.T) {
	const (
		fluxPath  = "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations"
		gateways  = "/apis/gateway.networking.k8s.io/v1/gateways"
		routes    = "/apis/gateway.networking.k8s.io/v1/httproutes"
		certs     = "/apis/cert-manager.io/v1/certificates"
		ceph      = "/apis/ceph.rook.io/v1/cephclusters"
		longhorns = "/apis/longhorn.io/v1beta2/volumes"
	)
	well := map[string]string{
		"/api/v1/nodes": items(node("cp-1", "True", "")),
		fluxPath:        items(conditioned("echo", "Ready", "True", "")),
		gateways:        items(conditioned("internal", "Programmed", "True", "")),
		certs:           items(),
		ceph:            items(`{"metadata":{"name":"rook"},"status":{"ceph":{"health":"HEALTH_OK"}}}`),
		routes:          items(`{"spec":{"hostnames":["echo.example.com"]}}`, `{"spec":{"hostnames":["echo.example.com","grafana.example.com"]}}`),
	}
	ill := map[string]string{
		"/api/v1/nodes": items(node("cp-1", "True", ""), node("cp-2", "False", "no CNI")),
		fluxPath:        items(conditioned("echo", "Ready", "False", "no such branch"), `{"metadata":{"name":"logs","namespace":"it"},"spec":{"suspend":true}}`),
		gateways:        items(conditioned("internal", "Programmed", "Unknown", "waiting for an address")),
		certs:           items(`{"metadata":{"name":"wildcard","namespace":"it"}}`),
		ceph:            items(`{"metadata":{"name":"rook"},"status":{"ceph":{"health":"HEALTH_WARN","details":{"OSD_DOWN":{"message":"1 osd down"}}}}}`),
		longhorns:       items(`{"metadata":{"name":"pvc-1","namespace":"it"},"status":{"robustness":"degraded"}}`),
	}
	for name, c := range map[string]struct {
		bodies map[string]string
		code   int
		want   string
	}{
		"well": {well, exitOK, `ok  nodes         1 of 1 well (Kubernetes v1.34.1)
ok  flux          1 of 1 well
ok  gateways      1 of 1 well
ok  certificates  none
ok  storage       1 of 1 well
https://echo.example.com
https://grafana.example.com
`},
		"ill": {ill, exitProblem, `BAD  nodes         1 of 2 well; cp-2: no CNI (Kubernetes v1.34.1)
BAD  flux          0 of 2 well; it/echo: no such branch
BAD  gateways      0 of 1 well; it/internal: waiting for an address
BAD  certificates  0 of 1 well; it/wildcard has not been looked at yet
BAD  storage       0 of 2 well; Ceph: HEALTH_WARN, 1 osd down
`},
	} {
		project(t, map[string]string{"home": good(t)})
		missing := homeops(t, "", "status", "home")
		if want := "homeops: out/kubeconfig/home is not there: `make kubeconfig STACK=home` writes it\n"; missing.code != exitProblem || missing.err != want {
			t.Errorf("got %+v", missing)
		}
		mkdir(t, "out/kubeconfig")
		write(t, "out/kubeconfig/home", cluster(t, c.bodies))
		if got := homeops(t, "", "status", "home"); got.code != c.code || got.out != c.want || got.err != "" {
			t.Errorf("%s: got %d %s\n%s\nwant\n%s", name, got.code, got.err, got.out, c.want)
		}
	}
}
