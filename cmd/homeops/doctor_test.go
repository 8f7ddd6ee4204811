package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	talosx509 "github.com/siderolabs/crypto/x509"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"

	"github.com/home-ops/home-ops/cmd/homeops/doctor"
	"github.com/home-ops/home-ops/cmd/homeops/engine"
	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/internal/kubeapi/apitest"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// examine has the doctor look, and returns its report and exit code.
func examine(t *testing.T) (doctor.Report, int) {
	t.Helper()
	got := homeops(t, "", "doctor", "home", "--json")
	var report struct{ Checks doctor.Report }
	if err := json.Unmarshal([]byte(got.out), &report); err != nil {
		t.Fatalf("%v: %+v", err, got)
	}
	return report.Checks, got.code
}

func find(t *testing.T, r doctor.Report, name string) doctor.Check {
	t.Helper()
	for _, c := range r {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no check %q in %+v", name, r)
	return doctor.Check{}
}

func TestDoctor_StopsAtAStackFileThatCannotWork(t *testing.T) {
	project(t, map[string]string{"home": good(t, "nodeCIDRs", "nodeCIDR")})
	report, code := examine(t)
	last := report[len(report)-1]
	if code != exitProblem || last.Section != doctor.StackFile || last.Verdict != doctor.Problem || last.Do != "homeops validate home" {
		t.Errorf("%d, %+v", code, last)
	}
}

func TestDoctor_KnowsALostState(t *testing.T) {
	r := newRecovery(t)
	if err := os.Remove(filepath.Join(r.pulumi, "state.json")); err != nil {
		t.Fatal(err)
	}
	report, code := examine(t)
	c := find(t, report, "stack")
	if code != exitProblem || c.Detail != "the backend has no stack home" || !strings.Contains(c.Do, "docs/runbooks/lost-state.md") {
		t.Errorf("%d, %+v", code, c)
	}
}

func TestDoctor_ComparesTheCopiesWithTheLastUpdate(t *testing.T) {
	r := newRecovery(t)
	report, _ := examine(t)
	if c := find(t, report, "copy of the state"); c.Verdict != doctor.Problem || c.Do != "homeops state save home" {
		t.Errorf("without a copy: %+v", c)
	}
	succeed(t, "state", "save", "home")
	succeed(t, "breakglass", "save", "home")
	report, _ = examine(t)
	for _, name := range []string{"copy of the state", "copy of the break-glass"} {
		if c := find(t, report, name); c.Verdict != doctor.OK {
			t.Errorf("with one: %+v", c)
		}
	}
	write(t, filepath.Join(r.pulumi, "state.json"), `{"version":3,"deployment":{"manifest":{"time":"2099-01-01T00:00:00Z"},"resources":[]}}`)
	report, _ = examine(t)
	for _, name := range []string{"copy of the state", "copy of the break-glass"} {
		if c := find(t, report, name); c.Verdict != doctor.Warning || !strings.Contains(c.Detail, "and the last update of 2099-01-01T00:00:00Z") {
			t.Errorf("with an old one: %+v", c)
		}
	}
}

// elsewhere has the fake pulumi keep its state at another address.
func elsewhere(t *testing.T, r *recovery, address string) {
	t.Helper()
	path := filepath.Join(r.pulumi, "pulumi")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, strings.Replace(string(raw), "file://$dir/backend?metadata=skip", address, 1))
}

func TestDoctor_SaysNothingOfALockThatItCannotSee(t *testing.T) {
	closed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "<Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>")
	}))
	defer closed.Close()
	t.Setenv("AWS_ACCESS_KEY_ID", "nobody")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	for address, why := range map[string]string{
		"https://api.pulumi.com/me":                     "it is in a backend of the kind https",
		"gs://states":                                   "it is in a backend of the kind gs",
		"s3://states/home?endpoint=" + closed.URL:       "Access Denied.",
		"s3://states/home?endpoint=minio.example.com:9": "its endpoint is no http or https address",
	} {
		r := newRecovery(t)
		elsewhere(t, r, address)
		report, _ := examine(t)
		c := find(t, report, "lock")
		if c.Verdict != doctor.Unseen || !strings.HasPrefix(c.Detail, "whether the state is locked cannot be seen from here: ") || !strings.Contains(c.Detail, why) {
			t.Errorf("%s: %+v", address, c)
		}
		if got := homeops(t, "", "state", "check", "home"); got.code != exitOK || !strings.HasPrefix(got.out, "not looked at: whether the state is locked cannot be seen from here: ") {
			t.Errorf("%s: %+v", address, got)
		}
	}
	newRecovery(t)
	report, _ := examine(t)
	if c := find(t, report, "stack"); c.Verdict != doctor.OK || c.Detail != "no lock, no operation under way" {
		t.Errorf("in a folder: %+v", c)
	}
}

func TestMachineCheck_SaysWhatIsWrongWithEachMachine(t *testing.T) {
	stack := spectest.Home(t)
	node := stack.Nodes[0]
	well := roll.Running{Talos: stack.Cluster.TalosVersion, Ready: true}
	for name, c := range map[string]struct {
		change func(*roll.Running)
		err    error
		want   doctor.Verdict
		detail string
	}{
		"well":        {nil, nil, doctor.OK, "Talos "},
		"off":         {nil, errors.New("no route"), doctor.Problem, "Talos does not answer: no route"},
		"wiped":       {func(r *roll.Running) { *r = roll.Running{Maintenance: true} }, nil, doctor.Problem, "is in maintenance mode"},
		"not ready":   {func(r *roll.Running) { r.Ready, r.Unmet = false, "etcd is down" }, nil, doctor.Problem, "is not ready: etcd is down"},
		"another one": {func(r *roll.Running) { r.Talos = "v1.0.0" }, nil, doctor.Warning, "runs Talos v1.0.0, and the stack file wants "},
	} {
		running := well
		if c.change != nil {
			c.change(&running)
		}
		got := machineCheck(stack, node, running, c.err)
		if got.Verdict != c.want || !strings.HasPrefix(got.Detail, c.detail) || (got.Do == "") != (c.want == doctor.OK) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestEtcdCheck_SaysWhatTheMembersLackAndWhereToRead(t *testing.T) {
	if got := etcdCheck(3, nil); got.Verdict != doctor.OK || got.Detail != "3 members, which have one leader" || got.Do != "" {
		t.Errorf("well: %+v", got)
	}
	got := etcdCheck(2, errors.Join(errors.New("etcd has no quorum"), errors.New("etcd on cp-1 knows no leader")))
	if got.Verdict != doctor.Problem || got.Detail != "etcd has no quorum; etcd on cp-1 knows no leader" || !strings.HasSuffix(got.Do, "docs/runbooks/partition.md") {
		t.Errorf("parted: %+v", got)
	}
}

func TestReset_TakesWorkersFirstAndTheFirstControlPlaneLast(t *testing.T) {
	var names []string
	for _, n := range resetOrder(spectest.Home(t)) {
		names = append(names, n.Name)
	}
	if got, want := strings.Join(names, " "), "worker-1 worker-2 worker-3 cp-2 cp-1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestReset_RefusesTheOnlyControlPlane(t *testing.T) {
	stack := spectest.Home(t)
	stack.Nodes = append([]spec.Node{stack.Nodes[0]}, stack.Nodes[2:]...)
	_, err := nodeToReset(stack, "cp-1")
	if want := "cp-1 is the only control plane: etcd would be lost with it. `go run ../../cmd/homeops reset home` resets the whole cluster"; err == nil || err.Error() != want {
		t.Errorf("error %v", err)
	}
	if _, err := nodeToReset(stack, "worker-9"); err == nil || !strings.Contains(err.Error(), `home has no node "worker-9"; it has cp-1, worker-1`) {
		t.Errorf("error %v", err)
	}
}

func TestReset_ForgetsWhatWentWithTheMachines(t *testing.T) {
	stack := spectest.Home(t)
	for name, c := range map[string]struct {
		resource        engine.Resource
		one, state, all bool
	}{
		"its configuration":        {engine.Resource{Type: "talos:machine/configurationApply:ConfigurationApply", Name: "talos-apply-worker-1"}, true, true, true},
		"that of another machine":  {engine.Resource{Type: "talos:machine/configurationApply:ConfigurationApply", Name: "talos-apply-cp-1"}, false, true, true},
		"the kubeconfig":           {engine.Resource{Type: "talos:cluster/kubeconfig:Kubeconfig", Name: "talos-kubeconfig"}, false, true, true},
		"an object of the cluster": {engine.Resource{Type: "kubernetes:helm.sh/v3:Release", Name: "cilium"}, false, false, true},
		"the provider":             {engine.Resource{Type: "pulumi:providers:kubernetes", Name: "talos-kubernetes"}, false, false, false},
		"the machine secrets":      {engine.Resource{Type: "talos:machine/secrets:Secrets", Name: "talos-secrets"}, false, false, false},
		"an account":               {engine.Resource{Type: "cloudflare:index/record:Record", Name: "edge-record"}, false, false, false},
	} {
		if got := gone(c.resource, stack.Nodes[2:3], machineAlone); got != c.one {
			t.Errorf("%s: with worker-1 alone %t", name, got)
		}
		if got := gone(c.resource, stack.Nodes, machinesAlone); got != c.state {
			t.Errorf("%s: with all machines, etcd from a snapshot %t", name, got)
		}
		if got := gone(c.resource, stack.Nodes, everything); got != c.all {
			t.Errorf("%s: with everything %t", name, got)
		}
	}
}

// endedAccess has the stack hand out a talosconfig and a kubeconfig whose certificates end after some time.
func endedAccess(t *testing.T, r *recovery, talosconfig, kubeconfig time.Duration) {
	t.Helper()
	ca, err := talosx509.NewSelfSignedCertificateAuthority()
	if err != nil {
		t.Fatal(err)
	}
	pair, err := talosx509.NewKeyPair(ca, talosx509.NotBefore(time.Now().Add(-400*24*time.Hour)), talosx509.NotAfter(time.Now().Add(talosconfig)))
	if err != nil {
		t.Fatal(err)
	}
	config := &clientconfig.Config{Context: "home", Contexts: map[string]*clientconfig.Context{"home": {
		CA: base64.StdEncoding.EncodeToString(ca.CrtPEM), Crt: base64.StdEncoding.EncodeToString(pair.CrtPEM), Key: base64.StdEncoding.EncodeToString(pair.KeyPEM),
	}}}
	text, err := config.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	kube, _ := apitest.Serve(t, kubeconfig, r)
	raw, err := json.Marshal(map[string]any{"kubeconfig": string(kube), "talosconfig": string(text), "machineSecrets": "machine"})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(r.pulumi, "outputs.json"), string(raw))
}

func TestDoctor_SaysWhichCertificatesHaveEnded(t *testing.T) {
	r := newRecovery(t)
	endedAccess(t, r, -time.Hour, 10*24*time.Hour)
	report, code := examine(t)
	today := time.Now().Add(-time.Hour).UTC().Format(time.DateOnly)
	if c := find(t, report, "talosconfig"); code != exitProblem || c.Verdict != doctor.Problem || c.Detail != "ended on "+today || !strings.HasPrefix(c.Do, "pulumi up --stack home") {
		t.Errorf("%d, %+v", code, c)
	}
	if c := find(t, report, "kubeconfig"); c.Verdict != doctor.Warning || !strings.Contains(c.Detail, "in 9 days") {
		t.Errorf("%+v", c)
	}
	if last := report[len(report)-1]; last.Name != "kubeconfig" {
		t.Errorf("it has asked machines that would not answer: %+v", last)
	}
}

func TestReset_RefusesACertificateThatHasEnded(t *testing.T) {
	r := newRecovery(t)
	endedAccess(t, r, time.Hour, -time.Hour)
	got := homeops(t, "home\n", "reset", "home")
	if want := "the kubeconfig ended on " + time.Now().Add(-time.Hour).UTC().Format(time.DateOnly) + ": pulumi up --stack home"; got.code != exitProblem || !strings.Contains(got.err, want) {
		t.Errorf("%+v", got)
	}
}
