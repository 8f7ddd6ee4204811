package gitops_test

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"

	"github.com/home-ops/home-ops/rack/build"
	"github.com/home-ops/home-ops/rack/fluxparts"
	"github.com/home-ops/home-ops/rack/gitops"
	"github.com/home-ops/home-ops/rack/gitserver"
	"github.com/home-ops/home-ops/rack/outside"
	"github.com/home-ops/home-ops/rack/registry"
	"github.com/home-ops/home-ops/rack/sandbox"
	"github.com/home-ops/home-ops/rack/trust"
)

const (
	nodeAddress = "10.0.50.11"
	// roomEnv tells a test that it runs inside the room, and what was built for it.
	roomEnv = "GITOPS_TEST_BUILT"
)

// built is what a test runs.
type built struct {
	Kube string
	Flux fluxparts.Built
}

// inRoom runs the test in a network namespace of its own. Outside it returns nil once that is done.
func inRoom(t *testing.T) *built {
	t.Helper()
	if testing.Short() {
		t.Skip("runs a cluster and Flux's controllers")
	}
	if raw := os.Getenv(roomEnv); raw != "" {
		local := netip.MustParseAddr("127.0.0.1")
		if err := sandbox.Furnish(sandbox.Room{
			Addresses: []netip.Addr{netip.MustParseAddr(nodeAddress)},
			Hosts:     map[string]netip.Addr{"github.com": local, "ghcr.io": local}, Dir: t.TempDir(),
		}); err != nil {
			t.Fatal(err)
		}
		var b built
		if err := json.Unmarshal([]byte(raw), &b); err != nil {
			t.Fatal(err)
		}
		return &b
	}
	raw, err := json.Marshal(buildAll(t))
	if err != nil {
		t.Fatal(err)
	}
	err = sandbox.Seal(t.Context(), sandbox.Command{
		Path: os.Args[0], Args: []string{"-test.run=^" + t.Name() + "$", "-test.v=" + strconv.FormatBool(testing.Verbose()), "-test.timeout=8m"},
		Env: append(os.Environ(), roomEnv+"="+string(raw)), Stdout: os.Stdout, Stderr: os.Stderr, Grace: 5 * time.Second,
	})
	if errors.Is(err, sandbox.ErrNoNamespaces) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return nil
}

// buildAll builds where the tests of the rack's Kubernetes do, too.
func buildAll(t *testing.T) built {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(cache, "home-ops-rack", "test")
	parts, flux, err := fluxparts.Parts(t.Context(), "..", out)
	if err != nil {
		t.Fatal(err)
	}
	kube := build.Part{
		Name: "kubernetes", Module: "..", Package: "./cmd/rack-kube", Output: filepath.Join(out, "rack-kube"),
		LDFlags: "-X k8s.io/component-base/version.gitVersion=v" + kubernetesVersion,
	}
	if _, err := build.All(t.Context(), append(parts, kube), t.Output()); err != nil {
		t.Fatal(err)
	}
	return built{Kube: kube.Output, Flux: flux}
}

// startWorld plays github.com, with the repository, and ghcr.io, with the operator's manifests and a chart. It returns
// the repository, and what makes a program trust the two.
func startWorld(t *testing.T, b *built, tree string) (*gitserver.Server, []string) {
	t.Helper()
	authority, err := trust.New()
	if err != nil {
		t.Fatal(err)
	}
	bundle := filepath.Join(t.TempDir(), "authority.pem")
	if err := authority.WriteBundle(bundle); err != nil {
		t.Fatal(err)
	}
	git, err := gitserver.New(t.Context(), gitserver.Options{Tree: tree, Path: "/home-ops/home-ops.git", Branch: "main", Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	images := registry.New("ghcr.io")
	manifests, err := gitops.Manifests(b.Flux.Distribution)
	if err != nil {
		t.Fatal(err)
	}
	if err := images.AddImage("ghcr.io", "controlplaneio-fluxcd/flux-operator-manifests:v0.58.1", manifests); err != nil {
		t.Fatal(err)
	}
	if err := images.AddChart("ghcr.io", "home-ops/charts/app:1.0.0", packageChart(t, "testdata/chart")); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:443")
	if err != nil {
		t.Fatal(err)
	}
	world := outside.New(authority, map[string]http.Handler{"github.com": git, "ghcr.io": images})
	go func() { _ = world.Serve(l) }()
	t.Cleanup(func() { _ = world.Close() })
	return git, []string{"SSL_CERT_FILE=" + bundle, "SSL_CERT_DIR=/nonexistent", "PATH=" + os.Getenv("PATH")}
}

func packageChart(t *testing.T, dir string) []byte {
	t.Helper()
	chart, err := loader.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	path, err := chartutil.Save(chart, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	archive, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		t.Fatal(err)
	}
	return archive
}
