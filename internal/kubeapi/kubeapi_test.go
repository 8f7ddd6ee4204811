package kubeapi_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/internal/kubeapi"
	"github.com/home-ops/home-ops/internal/kubeapi/apitest"
)

// open serves an API and opens it.
func open(t *testing.T, handler http.HandlerFunc) kubeapi.API {
	t.Helper()
	kubeconfig, _ := apitest.Serve(t, time.Hour, handler)
	api, err := kubeapi.Open(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	return api
}

func TestOpen_AsksWithTheCertificateOfTheKubeconfig(t *testing.T) {
	api := open(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"metadata": {"name": %q}}`, fmt.Sprint(r.Method, " ", r.URL.Path, " ", len(r.TLS.PeerCertificates)))
	})
	var node corev1.Node
	if err := api.Get(t.Context(), "/api/v1/nodes/a", &node); err != nil || node.Name != "GET /api/v1/nodes/a 1" {
		t.Errorf("%q, %v", node.Name, err)
	}
	certificate, err := api.Certificate()
	if err != nil || time.Until(certificate.NotAfter) > time.Hour {
		t.Errorf("%v, %v", certificate, err)
	}
}

func TestOpen_SaysWhatIsWrongWithAKubeconfig(t *testing.T) {
	good, _ := apitest.Serve(t, time.Hour, http.NotFoundHandler())
	for name, test := range map[string]struct{ old, new, want string }{
		"no user":        {`users:`, "others:", "has 1 clusters and 0 users, not one of each"},
		"no certificate": {`client-certificate-data: [^,}]+`, "client-certificate-data: AAAA", "client certificate: "},
		"no base64":      {`client-key-data: [^,}]+`, "client-key-data: '!'", "illegal base64 data"},
		"no authority":   {`certificate-authority-data: [^,}]+`, "certificate-authority-data: AAAA", "certificate-authority-data is no certificate"},
		"no YAML":        {`clusters:`, "[", "yaml: "},
	} {
		text := regexp.MustCompile(test.old).ReplaceAll(good, []byte(test.new))
		if _, err := kubeapi.Open(text); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
	}
}

func TestDo_SaysWhyTheServerRefused(t *testing.T) {
	for name, test := range map[string]struct {
		code       int
		text, want string
	}{
		"its status":          {422, `{"kind": "Status", "message": "it is invalid:", "details": {"causes": [{"message": "spec.a"}, {"message": "spec.b"}]}}`, "it is invalid: spec.a spec.b"},
		"what is not ready":   {500, "[+]ping ok\n[-]etcd failed: reason withheld\n[-]poststarthook/rbac failed: reason withheld\n", "it is not ready yet: etcd, poststarthook/rbac"},
		"words of some proxy": {502, strings.Repeat("x", 400), "502 Bad Gateway: " + strings.Repeat("x", 300)},
	} {
		api := open(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(test.code)
			_, _ = io.WriteString(w, test.text)
		})
		err := api.Get(t.Context(), "/", nil)
		if err == nil || err.Error() != test.want || !kubeapi.IsStatus(err, test.code) || kubeapi.IsStatus(err, 404) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// An API server that has just started answers so for each kind until it has all of its objects.
func TestDo_AsksAgainWhenTheServerWantsIt(t *testing.T) {
	const initializing = `{"kind": "Status", "message": "storage is (re)initializing"}`
	for name, c := range map[string]struct {
		code, refusals int
		after          string
		asked          int
		want           string
	}{
		"a kind that is not there yet":   {http.StatusTooManyRequests, 3, "0", 4, ""},
		"a server that is too busy":      {http.StatusServiceUnavailable, 1, "0", 2, ""},
		"for ever":                       {http.StatusTooManyRequests, 99, "0", 11, "storage is (re)initializing"},
		"a refusal without a time":       {http.StatusTooManyRequests, 1, "", 1, "storage is (re)initializing"},
		"a time that nobody understands": {http.StatusTooManyRequests, 1, "soon", 1, "storage is (re)initializing"},
		"a refusal for good":             {http.StatusForbidden, 1, "0", 1, "storage is (re)initializing"},
	} {
		var asked []string
		api := open(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if asked = append(asked, string(body)); len(asked) > c.refusals {
				return
			}
			if c.after != "" {
				w.Header().Set("Retry-After", c.after)
			}
			w.WriteHeader(c.code)
			fmt.Fprint(w, initializing)
		})
		err := api.Create(t.Context(), "/api/v1/namespaces", "body")
		if len(asked) != c.asked || asked[c.asked-1] != `"body"` {
			t.Errorf("%s: asked %d times: %s", name, len(asked), asked)
		}
		if got := fmt.Sprint(err); got != c.want && (err != nil || c.want != "") {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestDo_EndsWithItsContextWhileItWaits(t *testing.T) {
	api := open(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := api.Get(ctx, "/api/v1/nodes", nil); !kubeapi.IsStatus(err, http.StatusTooManyRequests) {
		t.Errorf("got %v", err)
	}
}

func TestDo_SaysThatNobodyAnswers(t *testing.T) {
	kubeconfig, server := apitest.Serve(t, time.Hour, http.NotFoundHandler())
	api, err := kubeapi.Open(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	server.Close()
	if err := api.Get(t.Context(), "/readyz", nil); err == nil || !strings.HasPrefix(err.Error(), "the Kubernetes API: ") || kubeapi.IsStatus(err, 0) {
		t.Errorf("got %v", err)
	}
}

func TestDo_AsksForMetadataAloneWhereThatIsAllThatIsRead(t *testing.T) {
	var accepts []string
	api := open(t, func(w http.ResponseWriter, r *http.Request) {
		accepts = append(accepts, r.Header.Get("Accept"))
		_, _ = io.WriteString(w, "{}")
	})
	for _, into := range []any{&metav1.PartialObjectMetadataList{}, &corev1.SecretList{}} {
		if err := api.Get(t.Context(), "/api/v1/secrets", into); err != nil {
			t.Fatal(err)
		}
	}
	want := "[application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1 application/json]"
	if got := fmt.Sprint(accepts); got != want {
		t.Errorf("got %s", got)
	}
}

func TestCordon_MarksWhoseWorkItIsAndTakesBothBack(t *testing.T) {
	var seen []string
	api := open(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		seen = append(seen, fmt.Sprint(r.Method, " ", r.URL.Path, " ", r.Header.Get("Content-Type"), " ", string(body)))
	})
	if err := api.Cordon(t.Context(), "a", "ours"); err != nil {
		t.Error(err)
	}
	if err := api.Uncordon(t.Context(), "a", "ours"); err != nil {
		t.Error(err)
	}
	const patch = "PATCH /api/v1/nodes/a application/merge-patch+json "
	want := patch + `{"metadata":{"annotations":{"ours":"true"}},"spec":{"unschedulable":true}}` + "\n" +
		patch + `{"metadata":{"annotations":{"ours":null}},"spec":{"unschedulable":null}}`
	if got := strings.Join(seen, "\n"); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestCordoned_TellsOurWorkFromAPersons(t *testing.T) {
	for _, test := range []struct{ cordoned, noted, ours bool }{{true, true, true}, {true, false, false}, {false, true, false}} {
		var node corev1.Node
		node.Spec.Unschedulable = test.cordoned
		if test.noted {
			node.Annotations = map[string]string{"ours": "true"}
		}
		if cordoned, ours := kubeapi.Cordoned(node, "ours"); cordoned != test.cordoned || ours != test.ours {
			t.Errorf("%+v: cordoned %t, ours %t", test, cordoned, ours)
		}
	}
}

func TestReady_SaysWhyNot(t *testing.T) {
	var node corev1.Node
	if ready, why := kubeapi.Ready(node); ready || why != "its kubelet has not reported yet" {
		t.Errorf("%t, %s", ready, why)
	}
	node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionUnknown, Reason: "NodeStatusUnknown", Message: "it stopped"}}
	if ready, why := kubeapi.Ready(node); ready || why != "NodeStatusUnknown: it stopped" {
		t.Errorf("%t, %s", ready, why)
	}
	node.Status.Conditions[0].Status = corev1.ConditionTrue
	if ready, _ := kubeapi.Ready(node); !ready {
		t.Error("it is ready")
	}
}
