package flux_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/home-ops/home-ops/components/flux"
	"github.com/home-ops/home-ops/components/flux/objects"
	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/internal/recorder"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

func TestNew_MatchesTheGoldens(t *testing.T) {
	for _, stack := range stacks(t) {
		t.Run(stack.Name, func(t *testing.T) {
			resources := registered(t, stack).Resources()
			slices.SortFunc(resources, func(a, b recorder.Resource) int { return strings.Compare(a.Name, b.Name) })
			var documents []any
			for _, r := range resources {
				if strings.HasPrefix(r.Name, "flux-") {
					documents = append(documents, map[string]any{
						"name": r.Name, "type": r.Type, "after": r.Dependencies(),
						"inputs": shown(resource.NewProperty(r.Inputs)),
					})
				}
			}
			golden.Documents(t, stack.Name+".yaml", documents...)
		})
	}
}

func TestNew_MakesEachThingAfterWhatItNeeds(t *testing.T) {
	rec := registered(t, spectest.Load(t, private))
	for name, want := range map[string][]string{
		"flux-namespace": {},
		// The operator's pod needs a node that is Ready.
		"flux-operator": {"flux-namespace", "network"},
		// Flux looks at the repository at once, and at the settings and the key with it.
		"flux-instance": {"flux-deploy-key", "flux-git", "flux-operator", "flux-secrets", "flux-settings", "flux-sops"},
		// Flux's kinds come with it.
		"flux-receiver":        {"flux-instance", "flux-webhook-token"},
		"flux-status-provider": {"flux-instance", "flux-status-token"},
		"flux-status-alert":    {"flux-status-provider"},
		// GitHub sends a ping at once.
		"flux-webhook": {"flux-receiver", "flux-webhook-policy", "flux-webhook-route"},
	} {
		if got := rec.Find(t, name).Dependencies(); !slices.Equal(got, want) {
			t.Errorf("%s waits for %v, want %v", name, got, want)
		}
	}
}

func TestNew_ShowsNoSecret(t *testing.T) {
	for _, stack := range stacks(t) {
		t.Run(stack.Name, func(t *testing.T) {
			rec := registered(t, stack)
			token := rec.Find(t, "flux-webhook-token")
			value, _ := token.Value("stringData")
			derived := value.ObjectValue()["token"]
			for derived.IsSecret() {
				derived = derived.SecretValue().Element
			}
			url := objects.WebhookURL(stack.Flux.Webhook.Host, derived.StringValue())
			found := rec.PlaintextOf(seed, gitHubToken, statusToken, sopsKey, accessKey, secretKey,
				derived.StringValue(), url, "PRIVATE KEY")
			if len(found) > 0 {
				t.Errorf("in plain: %v", found)
			}
		})
	}
}

func TestNew_KeepsTheTokenThatAdministersOutOfTheCluster(t *testing.T) {
	for _, r := range registered(t, spectest.Load(t, private)).Resources() {
		text := resource.NewProperty(r.Inputs).String()
		if strings.HasPrefix(r.Type, "kubernetes:") && strings.Contains(text, gitHubToken) {
			t.Errorf("%s has it", r.Name)
		}
	}
}

func TestNew_HandsOnThePublicKeyInPlain(t *testing.T) {
	rec := registered(t, spectest.Load(t, private))
	got := rec.Exports()["deployKey"]
	key := rec.Find(t, "flux-deploy-key").Inputs["key"]
	if !got.IsString() || !strings.HasPrefix(got.StringValue(), "ssh-ed25519 ") || !got.DeepEquals(key) {
		t.Errorf("hands on %v, registers %v", got, key)
	}
}

func TestNew_GivesEachResourceItsOwnProvider(t *testing.T) {
	for _, r := range registered(t, spectest.Load(t, private)).Resources() {
		var want string
		switch {
		case strings.HasPrefix(r.Type, "kubernetes:"):
			want = "::cluster::"
		case strings.HasPrefix(r.Type, "github:"):
			want = "::flux-github::"
		default:
			continue
		}
		if !strings.Contains(r.Request.GetProvider(), want) || !strings.HasSuffix(r.Request.GetParent(), "::flux") {
			t.Errorf("%s has provider %q and parent %q", r.Name, r.Request.GetProvider(), r.Request.GetParent())
		}
	}
}

func TestNew_TouchesGitHubOnlyWhereAsked(t *testing.T) {
	stack := spectest.Load(t, "../../Pulumi.home.yaml")
	stack.Flux.GitHub = nil
	stack.Flux.Webhook = nil
	for _, r := range registered(t, stack, func(a *flux.Args) { a.GitHubToken, a.Seed = nil, nil }).Resources() {
		if strings.HasPrefix(r.Type, "github:") || strings.HasPrefix(r.Type, "pulumi:providers:github") {
			t.Errorf("made %s", r.Name)
		}
	}
}

func TestNew_CanBePreviewedBeforeTheClusterExists(t *testing.T) {
	for _, stack := range stacks(t) {
		rec := &recorder.Recorder{}
		if err := rec.Preview(program(stack), stack.Name); err != nil {
			t.Fatal(err)
		}
		if got, want := rec.Names(), registered(t, stack).Names(); !slices.Equal(got, want) {
			t.Errorf("%s: previews %v, makes %v", stack.Name, got, want)
		}
	}
}

func TestNew_TellsWhatIsMissingBeforeAnythingExists(t *testing.T) {
	keyed := func(change func(*spec.Stack)) *spec.Stack {
		stack := spectest.Load(t, private)
		change(stack)
		return stack
	}
	nothing := func(a *flux.Args) { *a = flux.Args{Stack: a.Stack} }
	for name, test := range map[string]struct {
		stack *spec.Stack
		args  func(*flux.Args)
		want  string
	}{
		"no stack": {spectest.Load(t, private), func(a *flux.Args) { a.Stack = nil }, "flux: Stack is missing"},
		"nothing given": {spectest.Load(t, private), nothing, "flux: Provider is missing: objects would go wherever the user's kubeconfig points\n" +
			"flux: Seed is missing: the stack has a secret to derive\n" +
			"flux: GitHubToken is missing: the stack has something to manage under flux.github\n" +
			"flux: StatusToken is missing: the stack has flux.github.statusTokenRef\n" +
			"flux: SopsKey is missing: the stack has secrets.sops"},
		"a key that the stack names": {
			keyed(func(s *spec.Stack) { s.Flux.PrivateKeyRef = "op://home/flux/private-key" }), func(*flux.Args) {},
			"flux: PrivateKey is missing: the stack has flux.privateKeyRef",
		},
		"a setting of the tree": {
			spectest.Load(t, "../../Pulumi.lab.yaml"), func(a *flux.Args) {
				delete(a.ClusterSecrets, "LONGHORN_BACKUP_SECRET_KEY")
				a.ClusterSecrets["CLUSTER_NAME"] = secret("x")
			},
			"flux: ClusterSecrets has no LONGHORN_BACKUP_SECRET_KEY: the stack keeps it at op://lab/longhorn/secret-key\n" +
				"flux: ClusterSecrets.CLUSTER_NAME is a setting too; Flux would take the secret",
		},
	} {
		t.Run(name, func(t *testing.T) {
			rec := &recorder.Recorder{}
			err := rec.Run(program(test.stack, test.args), "test")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %s", err, test.want)
			}
			if names := rec.Names(); slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "flux") }) {
				t.Errorf("registered %v", names)
			}
		})
	}
}
