package externaldns

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/home-ops/home-ops/rack/addons/gateway/gatewayio"
	"github.com/home-ops/home-ops/rack/build"
	fake "github.com/home-ops/home-ops/rack/cloudflare"
	"github.com/home-ops/home-ops/rack/genuine"
	"github.com/home-ops/home-ops/rack/outside"
	"github.com/home-ops/home-ops/rack/trust"
)

func TestExternalDNS_DoesWhatIsExpectedOfIt(t *testing.T) {
	if testing.Short() {
		t.Skip("external-dns takes minutes to compile; -short leaves it out")
	}
	out, err := filepath.Abs("../../out")
	if err != nil {
		t.Fatal(err)
	}
	parts, built, err := genuine.Parts(t.Context(), "..", out, genuine.ExternalDNS)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := build.All(t.Context(), parts, t.Output()); err != nil {
		t.Fatal(err)
	}
	hold(t, func(t *testing.T, args []string, routes []*gatewayio.Route, cf *fake.Server) {
		t.Helper()
		cluster := httptest.NewServer(apiServer(t, routes))
		defer cluster.Close()
		dir := t.TempDir()
		kubeconfig, bundle := filepath.Join(dir, "kubeconfig"), filepath.Join(dir, "authority.pem")
		if err := clientcmd.WriteToFile(clientcmdapi.Config{
			Clusters:       map[string]*clientcmdapi.Cluster{"test": {Server: cluster.URL}},
			Contexts:       map[string]*clientcmdapi.Context{"test": {Cluster: "test"}},
			CurrentContext: "test",
		}, kubeconfig); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), filepath.Join(built.Bin, genuine.ExternalDNS),
			append(args, "--once", "--kubeconfig="+kubeconfig, "--metrics-address=127.0.0.1:0")...)
		// It has no setting for where Cloudflare is. A proxy that leads to nowhere else keeps it on this machine.
		cmd.Env = []string{
			"HOME=" + dir, "CF_API_TOKEN=" + goodToken, "HTTPS_PROXY=" + onlyTo(t, cf, bundle),
			"SSL_CERT_FILE=" + bundle, "SSL_CERT_DIR=/nonexistent",
		}
		cmd.WaitDelay = time.Second
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	})
}

// apiServer is as much of an API server as external-dns asks for: lists of what there is, in which nothing changes.
func apiServer(t *testing.T, routes []*gatewayio.Route) http.Handler {
	t.Helper()
	lists := map[string]any{"gateways": gateways(), "httproutes": routes, "namespaces": []any{
		map[string]any{"metadata": map[string]any{"name": "apps"}}, map[string]any{"metadata": map[string]any{"name": "network"}},
	}}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		items, ok := lists[req.URL.Path[strings.LastIndex(req.URL.Path, "/")+1:]]
		if !ok {
			t.Errorf("it asks for %s", req.URL)
			http.NotFound(w, req)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		if req.URL.Query().Get("watch") != "" {
			w.WriteHeader(http.StatusOK)
			_ = http.NewResponseController(w).Flush()
			<-req.Context().Done()
			return
		}
		if items == nil {
			items = []any{}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"metadata": map[string]any{"resourceVersion": "1"}, "items": items})
	})
}

// onlyTo is a proxy for https that leads every name to Cloudflare, whose authority is written to the bundle.
func onlyTo(t *testing.T, cf *fake.Server, bundle string) string {
	t.Helper()
	authority, err := trust.New()
	if err != nil {
		t.Fatal(err)
	}
	if err := authority.WriteBundle(bundle); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	world := outside.New(authority, map[string]http.Handler{fake.Host: cf})
	go func() { _ = world.Serve(listener) }()
	t.Cleanup(func() { _ = world.Close() })
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method != http.MethodConnect {
			http.Error(w, "only CONNECT", http.StatusMethodNotAllowed)
			return
		}
		to, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer to.Close()
		w.WriteHeader(http.StatusOK)
		from, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer from.Close()
		go func() { _, _ = io.Copy(to, buffered); _ = to.Close() }()
		_, _ = io.Copy(from, to)
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL
}
