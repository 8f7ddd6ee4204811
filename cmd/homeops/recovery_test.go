package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/internal/kubeapi/apitest"
)

// fakePulumi answers out of the files of a folder, and writes down what is imported.
const fakePulumi = `#!/bin/sh
dir=%q
case "$1 $2" in
"stack output") cat "$dir/outputs.json" ;;
"stack export") if [ -e "$dir/state.json" ]; then cat "$dir/state.json"; else echo "error: no stack named 'home' found" >&2; exit 255; fi ;;
"stack init") echo '{"version":3,"deployment":{}}' > "$dir/state.json" ;;
"stack import") cat > "$dir/state.json" ;;
"whoami --json") echo "{\"user\":\"me\",\"url\":\"file://$dir/backend?metadata=skip\"}" ;;
*) echo "unexpected: $*" >&2; exit 1 ;;
esac
`

// recovery is a project whose stack keeps copies, with a pulumi and a cluster of its own.
type recovery struct {
	// pulumi is the folder of the fake pulumi, place where copies are kept, identity the file that opens them.
	pulumi, place, identity string
	// secrets are those of the cluster; made are those that were put there.
	secrets corev1.SecretList
	made    []string
}

func newRecovery(t *testing.T) *recovery {
	t.Helper()
	r := &recovery{pulumi: t.TempDir(), place: t.TempDir()}
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	r.identity = filepath.Join(t.TempDir(), "key.txt")
	write(t, r.identity, key.String()+"\n")
	project(t, map[string]string{"home": good(t) + fmt.Sprintf(
		"  home-ops:secrets:\n    breakGlass: { recipients: [%s], place: %s }\n", key.Recipient(), r.place)})
	if err := os.WriteFile(filepath.Join(r.pulumi, "pulumi"), fmt.Appendf(nil, fakePulumi, r.pulumi), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", r.pulumi+":"+os.Getenv("PATH"))
	t.Setenv("PULUMI_CONFIG_PASSPHRASE", "open sesame")
	kubeconfig, _ := apitest.Serve(t, time.Hour, r)
	r.outputs(t, string(kubeconfig))
	r.state(t, 2)
	return r
}

func (r *recovery) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	switch {
	case req.Method == http.MethodPost:
		var object struct {
			Kind     string
			Metadata struct{ Namespace, Name string }
		}
		_ = json.NewDecoder(req.Body).Decode(&object)
		name := strings.Trim(object.Metadata.Namespace+"/"+object.Metadata.Name, "/")
		if name == "cert-manager" {
			w.WriteHeader(http.StatusConflict)
			return
		}
		r.made = append(r.made, object.Kind+" "+name)
	case req.URL.Path == "/api/v1/secrets":
		_ = json.NewEncoder(w).Encode(r.secrets)
	case req.URL.Path == "/readyz":
	default:
		http.NotFound(w, req)
	}
}

func (r *recovery) outputs(t *testing.T, kubeconfig string) {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"kubeconfig": kubeconfig, "talosconfig": "talos", "machineSecrets": "machine"})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(r.pulumi, "outputs.json"), string(raw))
}

// state is one with so many resources.
func (r *recovery) state(t *testing.T, resources int) {
	t.Helper()
	var all []string
	for i := range resources {
		all = append(all, fmt.Sprintf(`{"urn":"urn:pulumi:home::home-ops::t:t:T::r%d"}`, i))
	}
	write(t, filepath.Join(r.pulumi, "state.json"), `{"version":3,"deployment":{"resources":[`+strings.Join(all, ",")+`]}}`)
}

func (r *recovery) held(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(r.pulumi, "state.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// succeed runs a command that must.
func succeed(t *testing.T, args ...string) outcome {
	t.Helper()
	got := homeops(t, "", args...)
	if got.code != exitOK {
		t.Fatalf("%v: %+v", args, got)
	}
	return got
}

func gatewaySecret(namespace, name string) corev1.Secret {
	var s corev1.Secret
	s.Namespace, s.Name = namespace, name
	s.Annotations = map[string]string{"cert-manager.io/certificate-name": name}
	return s
}

func TestBreakGlass_GoesOutAndComesBackIntoANewCluster(t *testing.T) {
	r := newRecovery(t)
	r.secrets.Items = []corev1.Secret{gatewaySecret("network", "gateways-tls"), gatewaySecret("cert-manager", "ca")}
	if got := succeed(t, "breakglass", "save", "home"); !strings.HasSuffix(got.out, ", read back\n") {
		t.Errorf("a copy of all that is there lacks something: %s", got.out)
	}
	out := filepath.Join(t.TempDir(), "opened")
	succeed(t, "breakglass", "open", "home", "-identity", r.identity, "-out", out)
	for name, want := range map[string]string{"talosconfig": "talos", "secrets.yaml": "machine", "passphrase.txt": "open sesame\n"} {
		path := filepath.Join(out, name)
		if raw, err := os.ReadFile(path); err != nil || string(raw) != want {
			t.Errorf("%s holds %q, %v", name, raw, err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s may be read by others: %v, %v", name, info.Mode(), err)
		}
	}
	got := succeed(t, "breakglass", "put", "home", "-identity", r.identity)
	if want := "Namespace network,Secret network/gateways-tls,Secret cert-manager/ca"; strings.Join(sortedAs(r.made, want), ",") != want {
		t.Errorf("made %v\n%s", r.made, got.out)
	}
}

// The first copy is made when the update ends, before certificates are issued and Secrets fetched.
func TestBreakGlass_SaysWhatAFirstCopyLacks(t *testing.T) {
	newRecovery(t)
	edit(t, "Pulumi.home.yaml", "  home-ops:secrets:\n", "  home-ops:onepasswordCredentials: { secure: x }\n  home-ops:onepasswordToken: { secure: x }\n"+
		"  home-ops:secrets:\n    onePassword: { vault: home }\n")
	got := succeed(t, "breakglass", "save", "home")
	const want = ", read back\n" +
		"  not in it, because the cluster does not have it yet: the password of any backup\n" +
		"  save again when it does: kubectl get certificates,externalsecrets -A\n"
	if !strings.HasSuffix(got.out, want) {
		t.Errorf("said %s", got.out)
	}
}

// sortedAs is a list in the order of the wanted one, if it has the same elements.
func sortedAs(got []string, want string) []string {
	seen := map[string]bool{}
	for _, g := range got {
		seen[g] = true
	}
	var all []string
	for _, w := range strings.Split(want, ",") {
		if seen[w] {
			all = append(all, w)
		}
	}
	if len(all) != len(got) {
		return got
	}
	return all
}

func TestBreakGlass_WithoutACluster_SavesNothing(t *testing.T) {
	r := newRecovery(t)
	kubeconfig, server := apitest.Serve(t, time.Hour, http.NotFoundHandler())
	server.Close()
	r.outputs(t, string(kubeconfig))
	got := homeops(t, "", "breakglass", "save", "home")
	if got.code != exitProblem || !strings.Contains(got.err, "nothing was saved, because the cluster's certificates could not be read: the Kubernetes API: ") {
		t.Errorf("%+v", got)
	}
	if entries, _ := os.ReadDir(r.place); len(entries) > 0 {
		t.Errorf("saved %v", entries)
	}
}

func TestState_IsRestoredIntoAnEmptyBackend(t *testing.T) {
	r := newRecovery(t)
	before := r.held(t)
	succeed(t, "state", "save", "home")
	if err := os.Remove(filepath.Join(r.pulumi, "state.json")); err != nil {
		t.Fatal(err)
	}
	got := succeed(t, "state", "restore", "home", "-identity", r.identity)
	if r.held(t) != before {
		t.Errorf("restored %s\n%s", r.held(t), got.out)
	}
}

func TestState_ThatIsThereIsReplacedOnlyIfThatIsMeant(t *testing.T) {
	r := newRecovery(t)
	saved := r.held(t)
	succeed(t, "state", "save", "home")
	r.state(t, 3)
	now := r.held(t)
	got := homeops(t, "", "state", "restore", "home", "-identity", r.identity)
	if got.code != exitProblem || !strings.Contains(got.err, "the backend has a state of home with 3 resources") || r.held(t) != now {
		t.Errorf("%+v", got)
	}
	succeed(t, "state", "restore", "home", "-identity", r.identity, "-replace")
	if r.held(t) != saved {
		t.Errorf("restored %s", r.held(t))
	}
}

func TestState_ThatIsEmptyOrHalfIsNotSaved(t *testing.T) {
	r := newRecovery(t)
	for content, want := range map[string]string{
		`{"version":3,"deployment":{}}`:                 "the state of home is empty, and was not saved",
		`{"version":3,"deployment":{"resources":[{"urn`: "is no whole state of Pulumi",
		`{"version":3}`: "is no state of Pulumi",
		`{"version":3,"deployment":{"resources":[{"urn":"urn:pulumi:lab::home-ops::t:t:T::r"}]}}`: "is of another stack than home",
	} {
		write(t, filepath.Join(r.pulumi, "state.json"), content)
		if got := homeops(t, "", "state", "save", "home"); got.code != exitProblem || !strings.Contains(got.err, want) {
			t.Errorf("%s: %+v", content, got)
		}
	}
}

func TestState_WithTheWrongKeyStaysAsItIs(t *testing.T) {
	r := newRecovery(t)
	succeed(t, "state", "save", "home")
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	write(t, r.identity, key.String()+"\n")
	before := r.held(t)
	got := homeops(t, "", "state", "restore", "home", "-identity", r.identity, "-replace")
	if got.code != exitProblem || !strings.Contains(got.err, "is sealed for other keys than those of the identity file") || r.held(t) != before {
		t.Errorf("%+v", got)
	}
}

func TestState_SaysWhatAKilledUpdateLeftBehind(t *testing.T) {
	r := newRecovery(t)
	succeed(t, "state", "check", "home")
	write(t, filepath.Join(r.pulumi, "state.json"), `{"version":3,"deployment":{"pending_operations":[
		{"type":"creating","resource":{"urn":"urn:pulumi:home::home-ops::t:t:T::r"}}]}}`)
	locks := filepath.Join(r.pulumi, "backend", ".pulumi", "locks", "organization", "home-ops", "home")
	mkdir(t, locks)
	write(t, filepath.Join(locks, "1.json"), `{"pid":42,"username":"me","hostname":"laptop","timestamp":"2026-11-28T20:30:00Z"}`)
	got := homeops(t, "", "state", "check", "home")
	want := `the state is locked since 2026-11-28T20:30:00Z, by process 42 of me on laptop
  let that update end; if it no longer runs: pulumi cancel --stack home
an update was killed while creating urn:pulumi:home::home-ops::t:t:T::r
  pulumi up --stack home takes over what is there; then: pulumi refresh --clear-pending-creates --stack home
`
	if got.code != exitProblem || got.out != want {
		t.Errorf("%+v", got)
	}
}

func TestCopies_AreNothingToAStackWithoutAPlace(t *testing.T) {
	project(t, map[string]string{"home": good(t)})
	for _, name := range []string{"breakglass", "state"} {
		if got := homeops(t, "", name, "save", "home", "-if-asked"); got != (outcome{}) {
			t.Errorf("%s: %+v", name, got)
		}
		if got := homeops(t, "", name, "save", "home"); got.code != exitProblem || !strings.Contains(got.err, "the stack file has no secrets.breakGlass") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
