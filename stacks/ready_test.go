package stacks

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/kubeapi/apitest"
	"github.com/home-ops/home-ops/spec"
)

const nowhere = "Nor does it at the control planes' own addresses. "

// said is what an update, or a preview of one, says of a cluster that is away.
func said(t *testing.T, preview bool, reach, ready func(address string) error) string {
	t.Helper()
	rec := engine(t, "home")
	rec.LastOutputs = outputsOf(t, "home", "home")
	stack, problems := spec.LoadFile(stackFileOf(t, "home"))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	run := rec.Run
	if preview {
		run = rec.Preview
	}
	if err := run(func(ctx *pulumi.Context) error {
		h, err := lastApplied(ctx)
		if err != nil {
			return err
		}
		return h.sayIfAway(ctx, stack, func(_ context.Context, address string) error { return reach(address) },
			func(_ context.Context, kubeconfig []byte, address string) error {
				if string(kubeconfig) != "secret" {
					t.Errorf("asked with %q", kubeconfig)
				}
				return ready(address)
			})
	}, "home"); err != nil {
		t.Fatal(err)
	}
	return strings.Join(rec.Messages(), "\n")
}

func TestSayIfAway_TellsWhereTheClusterIsAndWhatFollows(t *testing.T) {
	const (
		endpoint   = "10.0.50.50:6443"
		preview    = "This preview goes by the state alone."
		update     = "This update goes on, asks the machines, and waits up to 10 minutes for the API."
		isEndpoint = ", so what is away is the endpoint: the virtual IP, or what stands in front of the control planes. "
	)
	only := func(there ...string) func(string) error {
		return func(address string) error {
			for _, a := range there {
				if a == address {
					return nil
				}
			}
			return errors.New("no route to host")
		}
	}
	all := func(string) error { return nil }
	for name, c := range map[string]struct {
		preview      bool
		reach, ready func(string) error
		want         []string
	}{
		"a preview, all well":            {true, all, all, nil},
		"an update, all well":            {false, all, all, nil},
		"a preview, nobody there":        {true, only(), all, []string{"no route to host", nowhere, preview}},
		"an update, nobody there":        {false, only(), all, []string{"no route to host", nowhere, update}},
		"an update, without the VIP":     {false, only("10.0.50.12:6443"), all, []string{"no route to host", "It answers at cp-2 (10.0.50.12)" + isEndpoint, update}},
		"a preview, half dead":           {true, all, only(), []string{"no route to host", nowhere, preview}},
		"an update, half dead on a node": {false, all, only("10.0.50.11:6443", "10.0.50.12:6443"), []string{"It answers at cp-1 (10.0.50.11) and cp-2 (10.0.50.12)" + isEndpoint, update}},
	} {
		got := said(t, c.preview, c.reach, c.ready)
		if (got == "") != (c.want == nil) {
			t.Errorf("%s: %q", name, got)
		}
		if c.want != nil && !strings.HasPrefix(got, "warning: the cluster does not answer at https://"+endpoint+": ") {
			t.Errorf("%s: %q", name, got)
		}
		at := 0
		for _, part := range c.want {
			next := strings.Index(got[at:], part)
			if next < 0 {
				t.Errorf("%s:\ngot  %s\nwant %s", name, got, part)
				break
			}
			at += next
		}
	}
}

func TestAskReady_TellsAnAPIThatIsReadyFromOneThatTakesConnections(t *testing.T) {
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended) })
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"ready":                           {func(http.ResponseWriter, *http.Request) {}, ""},
		"not ready":                       {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "[-]etcd failed: reason withheld", 500) }, "it takes connections, and is not ready: "},
		"one that refuses the kubeconfig": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, ""},
		"silent": {func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-ended:
			case <-r.Context().Done():
			}
		}, "it takes connections, and does not say within 3s that it is ready"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kubeconfig, server := apitest.Serve(t, time.Hour, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/readyz" {
					t.Errorf("asked for %s", r.URL.Path)
				}
				c.answer(w, r)
			}))
			err := askReady(t.Context(), kubeconfig, server.Listener.Addr().String())
			if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
	// Somebody else has the address now.
	kubeconfig, _ := apitest.Serve(t, time.Hour, http.NotFoundHandler())
	_, other := apitest.Serve(t, time.Hour, http.NotFoundHandler())
	err := askReady(t.Context(), kubeconfig, other.Listener.Addr().String())
	if err == nil || !strings.Contains(err.Error(), "certificate signed by unknown authority") {
		t.Errorf("another cluster: %v", err)
	}
	if err := askReady(t.Context(), []byte("none"), "127.0.0.1:1"); err != nil {
		t.Errorf("without a kubeconfig: %v", err)
	}
}

// A half-dead API takes connections.
func TestCluster_AsksTheAPIWithTheLastUpdatesKubeconfig(t *testing.T) {
	rec := engine(t, "home")
	rec.LastOutputs = outputsOf(t, "home", "home")
	rec.LastOutputs["kubeconfig"] = resource.MakeSecret(resource.NewProperty("the last one"))
	p, asked := near(), ""
	p.Ready = func(_ context.Context, kubeconfig []byte, address string) error {
		if asked == "" {
			asked = string(kubeconfig) + " at " + address
		}
		return errors.New("it takes connections, and is not ready")
	}
	if err := rec.Preview(p.Run, "home"); err != nil {
		t.Fatal(err)
	}
	if asked != "the last one at 10.0.50.50:6443" || !strings.Contains(strings.Join(rec.Messages(), "\n"), "it takes connections, and is not ready. ") {
		t.Errorf("asked with %q: %v", asked, rec.Messages())
	}
}
