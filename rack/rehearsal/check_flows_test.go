package rehearsal

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
)

// apiServer answers lists of namespaces and of Cilium's policies, knows no route and no monitor, and fails as told.
func apiServer(t *testing.T, broken string) *cluster {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		resource := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		switch {
		case resource == broken:
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403, "message": "no"}`)
		case strings.HasSuffix(resource, "routes"), strings.HasSuffix(resource, "monitors"):
			http.NotFound(w, r)
		default:
			fmt.Fprintf(w, `{"kind": "List", "apiVersion": "v1", "items": [{"apiVersion": "v1", "kind": %q, "metadata": {"name": "it"}}]}`, resource)
		}
	}))
	t.Cleanup(server.Close)
	return &cluster{rest: &rest.Config{Host: server.URL}}
}

func TestEverything_TakesEveryKindThatIsThere(t *testing.T) {
	objects, err := apiServer(t, "").everything(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, o := range objects {
		kinds = append(kinds, o.GetKind())
	}
	for _, want := range []string{"pods", "ciliumclusterwidenetworkpolicies", "apiservices"} {
		if !slices.Contains(kinds, want) {
			t.Errorf("no %s among %v", want, kinds)
		}
	}
	if slices.Contains(kinds, "httproutes") {
		t.Errorf("routes among %v, which the cluster does not have", kinds)
	}
}

func TestEverything_IsNotContentWithLess(t *testing.T) {
	_, err := apiServer(t, "ciliumnetworkpolicies").everything(t.Context())
	if err == nil || !strings.HasPrefix(err.Error(), "ciliumnetworkpolicies.cilium.io: ") {
		t.Errorf("got %v", err)
	}
}
