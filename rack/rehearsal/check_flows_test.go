package rehearsal

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// apiServer answers lists of namespaces and of Cilium's policies, knows no route and no monitor, has the groups besides, and
// fails as told.
func apiServer(t *testing.T, broken string, groups ...string) *cluster {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		resource := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		switch {
		case r.URL.Path == "/api":
			fmt.Fprint(w, `{"kind": "APIVersions", "versions": ["v1"]}`)
		case r.URL.Path == "/apis":
			var all []metav1.APIGroup
			for _, name := range groups {
				all = append(all, metav1.APIGroup{Name: name})
			}
			_ = json.NewEncoder(w).Encode(metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList"}, Groups: all})
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
	if err == nil || !strings.HasPrefix(err.Error(), "ciliumnetworkpolicies.cilium.io in version v2, ") {
		t.Errorf("got %v", err)
	}
}

func TestEverything_MissesAKindThatIsServedInAnotherVersion(t *testing.T) {
	_, err := apiServer(t, "", "gateway.networking.k8s.io").everything(t.Context())
	if err == nil || !strings.HasPrefix(err.Error(), "httproutes.gateway.networking.k8s.io in version v1, which rack/flows asks for: ") {
		t.Errorf("got %v", err)
	}
}
