package flux_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/flux"
	"github.com/home-ops/home-ops/internal/derive"
	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/internal/recorder"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

func TestFluxBootstrap_SetsUpTheRepositoryAtGitHub(t *testing.T) {
	for _, stack := range []*spec.Stack{spectest.Home(t), private(t)} {
		var documents []any
		for _, r := range registered(t, stack).Resources() {
			if isGitHub(r) {
				documents = append(documents, map[string]any{
					"name": r.Name, "type": r.Type, "inputs": shown(resource.NewProperty(r.Inputs)),
				})
			}
		}
		golden.Documents(t, "github/"+stack.Name+".yaml", documents...)
	}
}

func isGitHub(r recorder.Resource) bool {
	return strings.HasPrefix(r.Type, "github:") || r.Type == "pulumi:providers:github"
}

func TestFluxBootstrap_MakesEachThingAfterWhatItNeeds(t *testing.T) {
	rec := registered(t, private(t))
	for name, want := range map[string][]string{
		"flux-namespace": {},
		// The operator's pod needs a node that is Ready, and nothing else.
		"flux-operator": {"flux-namespace", "network"},
		// Flux looks at once at the repository, the settings and the key.
		"flux-instance": {
			"flux-deploy-key", "flux-git", "flux-operator", "flux-policy", "flux-secrets", "flux-settings", "flux-sops",
			"gateway-api", "gateways", "network", "store",
		},
		"flux-policy":         {"flux-namespace", "network"},
		"flux-webhook-policy": {"flux-namespace", "network"},
		"flux-webhook-route":  {"flux-namespace", "gateway-api", "network"},
		// Flux brings these kinds.
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

func TestFluxBootstrap_PutsEachSecretWhereFluxReadsIt(t *testing.T) {
	for _, test := range []struct {
		stack               *spec.Stack
		resource, key, want string
	}{
		{gitLab(t), "flux-git", "password", gitToken},
		{gitLab(t), "flux-git", "username", "git"},
		{gitLab(t), "flux-webhook-token", "token", webhookSecret},
		{private(t), "flux-status-token", "token", statusToken},
		{private(t), "flux-sops", "age.agekey", sopsKey},
		{artifact(t), "flux-sops", "pgp.asc", sopsPGPKey},
		{artifact(t), "flux-sops", "sops.aws-kms", cloudPrefix + "aws"},
		{artifact(t), "flux-sops", "sops.gcp-kms", cloudPrefix + "gcp"},
		{artifact(t), "flux-sops", "sops.azure-kv", cloudPrefix + "azure"},
		{artifact(t), "flux-git", ".dockerconfigjson", `{"auths":{"registry.example.com:5000":{"username":"robot","password":"` + gitToken + `"}}}`},
		{spectest.Lab(t), "flux-secrets", "LONGHORN_BACKUP_ACCESS_KEY", settingPrefix + "LONGHORN_BACKUP_ACCESS_KEY"},
		{spectest.Lab(t), "flux-secrets", "LONGHORN_BACKUP_SECRET_KEY", settingPrefix + "LONGHORN_BACKUP_SECRET_KEY"},
	} {
		data, secret := registered(t, test.stack).Find(t, test.resource).Value("stringData")
		if !secret || !data.IsObject() {
			t.Fatalf("%s has %v", test.resource, data)
		}
		if got := plainText(t, data.ObjectValue()[resource.PropertyKey(test.key)]); got != test.want {
			t.Errorf("%s has %q under %s, want %q", test.resource, got, test.key, test.want)
		}
	}
}

func TestFluxBootstrap_PrefersTheKeyThatTheStackNames(t *testing.T) {
	keys := func(change ...func(*flux.Args)) (identity, public string) {
		rec := registered(t, private(t), change...)
		data, _ := rec.Find(t, "flux-git").Value("stringData")
		return plainText(t, data.ObjectValue()["identity"]), plainText(t, rec.Exports()["deployKey"])
	}
	derived, _ := keys()
	given, public := keys(func(a *flux.Args) { a.PrivateKey = derive.SSHKey(secret("a seed of somebody else's"), "key") })
	if given == derived {
		t.Error("clones with the derived key, although one is given")
	}
	if want, err := derive.AuthorizedKey(given); err != nil || public != want {
		t.Errorf("hands on %q, want %q (%v)", public, want, err)
	}
}

// The path is what notification-controller computes, here by sha256sum.
func TestFluxBootstrap_TellsTheAddressAtWhichFluxListens(t *testing.T) {
	const want = "https://hook.example.com/hook/160a0a4e44c1274abc889eb8306c210a2dccabe7b770309a598a154133d20f6a"
	url := registered(t, gitLab(t)).Exports()["webhookURL"]
	if got := plainText(t, url); got != want || !url.IsSecret() {
		t.Errorf("is %s, want %s, and a secret", got, want)
	}
}

func TestFluxBootstrap_ShowsNoSecret(t *testing.T) {
	for _, stack := range stacks(t) {
		t.Run(stack.Name, func(t *testing.T) {
			rec := registered(t, stack)
			data, _ := rec.Find(t, "flux-webhook-token").Value("stringData")
			token := plainText(t, data.ObjectValue()["token"])
			url := plainText(t, rec.Exports()["webhookURL"])
			hidden := []string{seed, gitToken, gitHubToken, statusToken, sopsKey, settingPrefix, url, "PRIVATE KEY"}
			if token != webhookSecret { // which is a word of many descriptions
				hidden = append(hidden, token)
			}
			if found := rec.PlaintextOf(hidden...); len(found) > 0 {
				t.Errorf("in plain text: %v", found)
			}
		})
	}
}

func TestFluxBootstrap_ShowsNoKeyOfARegistryOrACloud(t *testing.T) {
	if found := registered(t, artifact(t)).PlaintextOf(gitToken, sopsPGPKey, cloudPrefix, seed); len(found) > 0 {
		t.Errorf("in plain text: %v", found)
	}
}

func TestFluxBootstrap_KeepsTheTokenThatAdministersOutOfTheCluster(t *testing.T) {
	for _, r := range registered(t, private(t)).Resources() {
		text := resource.NewProperty(r.Inputs).String()
		if strings.HasPrefix(r.Type, "kubernetes:") && strings.Contains(text, gitHubToken) {
			t.Errorf("%s has it", r.Name)
		}
	}
}

func TestFluxBootstrap_HandsOnThePublicKeyInPlainText(t *testing.T) {
	rec := registered(t, private(t))
	got := rec.Exports()["deployKey"]
	key := rec.Find(t, "flux-deploy-key").Inputs["key"]
	if !got.IsString() || !strings.HasPrefix(got.StringValue(), "ssh-ed25519 ") || !got.DeepEquals(key) {
		t.Errorf("hands on %v, registers %v", got, key)
	}
}

func TestFluxBootstrap_GivesEachResourceItsOwnProvider(t *testing.T) {
	for _, r := range registered(t, private(t)).Resources() {
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

func TestFluxBootstrap_TouchesGitHubOnlyWhereAsked(t *testing.T) {
	stack := spectest.Home(t)
	stack.Flux.GitHub = nil
	stack.Flux.Webhook = nil
	for _, r := range registered(t, stack, func(a *flux.Args) { a.GitHubToken, a.Seed = nil, nil }).Resources() {
		if isGitHub(r) {
			t.Errorf("made %s", r.Name)
		}
	}
}

func TestFluxBootstrap_CanBePreviewedBeforeTheClusterExists(t *testing.T) {
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

func TestFluxBootstrap_ReportsWhatIsMissingBeforeAnythingExists(t *testing.T) {
	keyed := private(t)
	keyed.Flux.PrivateKeyRef = "op://home/flux/private-key"
	for name, test := range map[string]struct {
		stack *spec.Stack
		args  func(*flux.Args)
		want  []string
	}{
		"no stack": {private(t), func(a *flux.Args) { a.Stack = nil }, []string{"flux: Stack is missing"}},
		"nothing given": {private(t), func(a *flux.Args) { *a = flux.Args{Stack: a.Stack} }, []string{
			"flux: Provider is missing: objects would go wherever the user's kubeconfig points",
			"flux: GitHub is missing: the stack has something to manage under flux.github",
			"flux: Seed is missing: the stack has a secret to derive",
			"flux: GitHubToken is missing: the stack has something to manage under flux.github",
			"flux: StatusToken is missing: the stack has flux.github.statusTokenRef",
			"flux: SopsKey is missing: the stack has secrets.sops",
		}},
		"a key that the stack names": {keyed, func(*flux.Args) {}, []string{
			"flux: PrivateKey is missing: the stack has flux.privateKeyRef",
		}},
		"a token and a secret that the stack names": {
			gitLab(t), func(a *flux.Args) { a.Token, a.WebhookSecret = nil, nil },
			[]string{
				"flux: Token is missing: the stack has flux.tokenRef",
				"flux: WebhookSecret is missing: the stack has flux.webhook.secretRef",
			},
		},
		"other settings than the tree's": {spectest.Lab(t), func(a *flux.Args) {
			a.ClusterSecrets = map[string]pulumi.StringInput{
				"LONGHORN_BACKUP_ACCESS_KEY": secret("x"),
				"CLUSTER_NAME":               secret("x"),
			}
		}, []string{
			"flux: ClusterSecrets has no LONGHORN_BACKUP_SECRET_KEY: the stack keeps it at op://lab/longhorn/secret-key",
			"flux: ClusterSecrets.CLUSTER_NAME is no secret setting of the stack",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			rec := &recorder.Recorder{}
			err := rec.Run(program(test.stack, test.args), "test")
			want := strings.Join(test.want, "\n")
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %s", err, want)
			}
			if names := rec.Names(); slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, " flux") }) {
				t.Errorf("registered %v", names)
			}
		})
	}
}
