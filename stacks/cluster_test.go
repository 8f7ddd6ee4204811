package stacks

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// components are the five that the cluster is composed of, and the store of secrets.
var components = []string{"TalosCluster", "CiliumNetworking", "RookCephStorage", "EdgeAccess", "SecretStore", "FluxBootstrap"}

func TestCluster_ComposesEveryComponentThatTheStackAsksFor(t *testing.T) {
	for stack, without := range map[string]string{"home": "", "lab": "RookCephStorage"} {
		rec := engine(t, stack)
		if err := rec.Preview(program, stack); err != nil {
			t.Fatal(stack, err, rec.Messages())
		}
		for _, component := range components {
			want := 1
			if component == without {
				want = 0
			}
			if got := len(rec.OfType("homeops:index:" + component)); got != want {
				t.Errorf("%s: %d of %s, want %d", stack, got, component, want)
			}
		}
	}
}

func TestCluster_PutsEveryObjectIntoItsOwnCluster(t *testing.T) {
	for _, stack := range []string{"home", "lab"} {
		rec := engine(t, stack)
		if err := rec.Preview(program, stack); err != nil {
			t.Fatal(stack, err)
		}
		for _, r := range rec.Resources() {
			if strings.HasPrefix(r.Type, "kubernetes:") && !strings.Contains(r.Request.GetProvider(), "::talos-kubernetes::") {
				t.Errorf("%s: %s %s goes through %q", stack, r.Type, r.Name, r.Request.GetProvider())
			}
		}
	}
}

// A release that nobody guards never completes after a run that was killed in it.
func TestCluster_GuardsEveryHelmRelease(t *testing.T) {
	for _, stack := range []string{"home", "lab"} {
		rec := engine(t, stack)
		if err := rec.Preview(program, stack); err != nil {
			t.Fatal(stack, err)
		}
		releases := rec.OfType("kubernetes:helm.sh/v3:Release")
		if len(releases) < 5 {
			t.Errorf("%s: %d releases", stack, len(releases))
		}
		for _, r := range releases {
			hooks := r.Request.GetHooks()
			create, update, after := []string{"talos-release-before-create"}, []string{"talos-release-before-update"}, []string{"talos-release-after"}
			if !slices.Equal(hooks.GetBeforeCreate(), create) || !slices.Equal(hooks.GetBeforeUpdate(), update) ||
				!slices.Equal(hooks.GetAfterCreate(), after) || !slices.Equal(hooks.GetAfterUpdate(), after) {
				t.Errorf("%s: %s has the hooks %v", stack, r.Name, hooks)
			}
		}
	}
}

// A thing that nobody looks for before it is made is refused for ever after a run that was killed while it was made.
// One that is made before it is deleted would be taken for such a one.
func TestCluster_LooksForWhatDeadRunsLeftOutside(t *testing.T) {
	for stack, want := range map[string][]string{
		"home": {"edge-cloudflare edge-external-record", "edge-cloudflare edge-tunnel", "flux-github flux-protection", "flux-github flux-webhook"},
		"lab":  {"edge-cloudflare edge-external-record", "edge-cloudflare edge-tunnel", "flux-github flux-webhook", "onepassword secretstore-break-glass"},
	} {
		rec := engine(t, stack)
		if err := rec.Preview(program, stack); err != nil {
			t.Fatal(stack, err)
		}
		var got []string
		for _, r := range rec.Resources() {
			service, _, _ := strings.Cut(r.Type, ":")
			if !slices.Contains([]string{"cloudflare", "github", "onepassword"}, service) || strings.HasSuffix(r.Name, "-tunnel-config") {
				continue
			}
			hooks := r.Request.GetHooks()
			before, looks := strings.CutSuffix(strings.Join(hooks.GetBeforeCreate(), " "), "-before-create")
			after, looksAgain := strings.CutSuffix(strings.Join(hooks.GetAfterCreate(), " "), "-after-create")
			if !looks || !looksAgain || before != after {
				t.Errorf("%s: %s has the hooks %v", stack, r.Name, hooks)
			}
			if first := r.Request.GetDeleteBeforeReplace(); first == (r.Name == "edge-tunnel") {
				t.Errorf("%s: %s is deleted before it is made anew: %t", stack, r.Name, first)
			}
			got = append(got, before+" "+r.Name)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: looks for %q, want %q", stack, got, want)
		}
	}
}

// The providers wait for twenty minutes and say nothing.
func TestCluster_WaitsAMinuteForAServiceThatDoesNotAnswer(t *testing.T) {
	for _, stack := range []string{"home", "lab"} {
		rec := engine(t, stack)
		if err := rec.Preview(program, stack); err != nil {
			t.Fatal(stack, err)
		}
		found := 0
		for _, r := range rec.Resources() {
			if service, _, _ := strings.Cut(r.Type, ":"); !slices.Contains([]string{"cloudflare", "github", "onepassword"}, service) {
				continue
			}
			found++
			if limits := r.Request.GetCustomTimeouts(); limits.GetCreate() != "1m0s" || limits.GetUpdate() != "1m0s" || limits.GetDelete() != "1m0s" {
				t.Errorf("%s: %s %s may take %v", stack, r.Type, r.Name, limits)
			}
		}
		if found < 4 {
			t.Errorf("%s: %d resources at services", stack, found)
		}
	}
}

func TestCluster_ExportsWhatItsOwnerNeeds(t *testing.T) {
	for stack, want := range map[string][]string{
		"home": {"applied", "clusterIdentifier", "deployKey", "endpoint", "kubeconfig", "machineSecrets", "nodes", "talosconfig", "webhookURL"},
		"lab":  {"applied", "clusterIdentifier", "deployKey", "endpoint", "frr", "kubeconfig", "machineSecrets", "nodes", "talosconfig", "webhookURL"},
	} {
		rec := engine(t, stack)
		if err := rec.Preview(program, stack); err != nil {
			t.Fatal(stack, err)
		}
		var got []string
		for key := range rec.Exports() {
			got = append(got, string(key))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s exports %v, want %v", stack, got, want)
		}
		for _, key := range []string{"kubeconfig", "machineSecrets", "talosconfig", "webhookURL"} {
			if export := rec.Exports()[resource.PropertyKey(key)]; !export.IsSecret() {
				t.Errorf("%s: %s is plain: %v", stack, key, export)
			}
		}
	}
}

func TestCluster_KeepsSecretsSecret(t *testing.T) {
	for _, stack := range []string{"home", "lab"} {
		rec := engine(t, stack)
		if err := rec.Preview(program, stack); err != nil {
			t.Fatal(stack, err)
		}
		if found := rec.PlaintextOf(secretPrefix); len(found) > 0 {
			t.Errorf("%s: in plain: %v", stack, found)
		}
	}
}

func TestCluster_ReportsEveryProblemBeforeItTouchesAnything(t *testing.T) {
	rec := engine(t, "home", func(config map[string]string) {
		config["home-ops:network"] = strings.Replace(config["home-ops:network"], `"nodeCIDRs"`, `"nodeCIDR"`, 1)
		config["home-ops:cluster"] = strings.Replace(config["home-ops:cluster"], `"v1.34.1"`, `"1.x"`, 1)
	})
	err := rec.Preview(program, "home")
	if err == nil || !strings.Contains(err.Error(), "Pulumi.home.yaml cannot work: ") {
		t.Errorf("error %v", err)
	}
	if names := rec.Names(); len(names) > 0 {
		t.Errorf("registered %v", names)
	}
	messages := strings.Join(rec.Messages(), "\n")
	for _, want := range []string{"error: cluster.kubernetesVersion: ", "error: network.nodeCIDR: "} {
		if !strings.Contains(messages, want) {
			t.Errorf("no %q in\n%s", want, messages)
		}
	}
}

func TestCluster_ShowsWarnings(t *testing.T) {
	rec := engine(t, "home")
	if err := rec.Preview(program, "home"); err != nil {
		t.Fatal(err)
	}
	// Two control planes survive the loss of none.
	if !slices.ContainsFunc(rec.Messages(), func(m string) bool { return strings.HasPrefix(m, "warning: nodes: ") }) {
		t.Errorf("messages %v", rec.Messages())
	}
}

func TestCluster_ReadsDiskPassphrasesFromSecretsAlone(t *testing.T) {
	const passphrase = "correct horse battery staple"
	plain := func(config map[string]string) {
		config["home-ops:nodeDefaults"] = `{"encryption":{"ephemeral":{"keys":[{"type":"static","passphraseRef":"config:disk"}]}}}`
		config["home-ops:disk"] = passphrase
	}
	err := engine(t, "home", plain).Preview(program, "home")
	if want := "home-ops:disk is in the stack file in plain text"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}

	rec := engine(t, "home", plain)
	rec.SecretConfig = append(rec.SecretConfig, "home-ops:disk")
	if err := rec.Preview(program, "home"); err != nil {
		t.Fatal(err, rec.Messages())
	}
	if found := rec.PlaintextOf(passphrase); len(found) > 0 {
		t.Errorf("in plain: %v", found)
	}
}

// The hooks for failures are not known to an older one, which would say so of each resource.
func TestCluster_AsksForAPulumiThatKnowsItsHooks(t *testing.T) {
	rec := engine(t, "home")
	if err := rec.Preview(program, "home"); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../docs/prerequisites.md")
	if err != nil {
		t.Fatal(err)
	}
	least, of := strings.CutPrefix(rec.Versions(), ">=")
	if want := "| `pulumi` " + strings.TrimSuffix(least, ".0") + " or later |"; !of || !strings.Contains(string(page), want) {
		t.Errorf("asked for %q, and docs/prerequisites.md does not say %q", rec.Versions(), want)
	}
}
