package gatewayapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
)

// github serves what the test says in place of every address.
func github(t *testing.T, handler http.HandlerFunc) {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	real := http.DefaultClient
	t.Cleanup(func() { http.DefaultClient = real })
	toServer := server.Client().Transport
	http.DefaultClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		r.Header.Set("X-Asked-For", r.URL.String())
		r.URL.Host = server.Listener.Addr().String()
		return toServer.RoundTrip(r)
	})}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestFetch_DownloadsAReleaseOnce(t *testing.T) {
	release, err := os.ReadFile("testdata/release.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	github(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("X-Asked-For"))
		_, _ = w.Write(release)
	})
	for range 2 {
		objects, err := Fetch(context.Background(), "v1.3.0", "standard")
		if err != nil || len(objects) != 3 {
			t.Fatalf("%d objects, %v", len(objects), err)
		}
	}
	want := "https://github.com/kubernetes-sigs/gateway-api/releases/download/v1.3.0/standard-install.yaml"
	if len(asked) != 1 || asked[0] != want {
		t.Errorf("asked for %q, want %q once", asked, want)
	}
}

func TestFetch_KeepsNothingThatIsNoRelease(t *testing.T) {
	answers := []func(http.ResponseWriter){
		func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) },
		func(w http.ResponseWriter) { _, _ = w.Write([]byte("# nothing")) },
	}
	at := 0
	github(t, func(w http.ResponseWriter, _ *http.Request) { answers[at](w) })
	url := URL("1.3.9", "experimental")
	for i, want := range []string{
		"kinds of the Gateway API 1.3.9: " + url + " answered 404 Not Found; see versions.gatewayAPI in the stack file",
		url + ": not a manifest: it holds no object",
	} {
		at = i
		if _, err := Fetch(context.Background(), "1.3.9", "experimental"); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if _, err := os.Stat(cachePath("1.3.9", "experimental")); !os.IsNotExist(err) {
		t.Errorf("the cache holds it: %v", err)
	}
}
