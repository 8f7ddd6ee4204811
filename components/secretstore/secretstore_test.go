package secretstore_test

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/components/secretstore"
	"github.com/home-ops/home-ops/internal/recorder"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// waits are what each child of the component depends on, by name.
func waits(rec *recorder.Recorder) map[string]string {
	all := map[string]string{}
	for _, r := range rec.Resources() {
		if strings.HasPrefix(r.Name, "secrets-") {
			all[r.Name] = strings.Join(r.Dependencies(), " ")
		}
	}
	return all
}

func TestSecretStore_MakesEachThingAfterWhatItNeeds(t *testing.T) {
	for _, test := range []struct {
		stack *spec.Stack
		want  map[string]string
	}{
		// Connect runs in the cluster.
		{spectest.Home(t), map[string]string{
			"secrets-namespace":        "",
			"secrets-token":            "secrets-namespace",
			"secrets-credentials":      "secrets-namespace",
			"secrets-connect-policy":   "network secrets-namespace",
			"secrets-connect":          "network secrets-connect-policy secrets-credentials secrets-namespace",
			"secrets-external-secrets": "network secrets-namespace",
			"secrets-store":            "secrets-connect secrets-external-secrets secrets-token",
		}},
		// Connect runs elsewhere, and the stack wants a break-glass item.
		{spectest.Lab(t), map[string]string{
			"secrets-namespace":        "",
			"secrets-token":            "secrets-namespace",
			"secrets-external-secrets": "network secrets-namespace",
			"secrets-store-policy":     "network secrets-namespace",
			"secrets-store":            "secrets-external-secrets secrets-store-policy secrets-token",
			"secrets-break-glass":      "",
		}},
	} {
		if got := waits(registered(t, test.stack)); !maps.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.stack.Name, got, test.want)
		}
	}
}

func TestSecretStore_KeepsEverySecretSecret(t *testing.T) {
	for _, stack := range stacks(t) {
		rec := registered(t, stack)
		if found := rec.PlaintextOf(append(secrets, checksum(credentials))...); len(found) > 0 {
			t.Errorf("%s: in plain text: %v", stack.Name, found)
		}
	}
}

func TestSecretStore_PutsEachSecretInItsPlace(t *testing.T) {
	rec := registered(t, spectest.Home(t))
	for name, want := range map[string]map[string]any{
		"secrets-token":       {"token": token},
		"secrets-credentials": {"1password-credentials.json": credentials},
	} {
		data := rec.Find(t, name).Inputs["stringData"]
		if !data.IsSecret() || !maps.Equal(data.SecretValue().Element.Mappable().(map[string]any), want) {
			t.Errorf("%s holds %v", name, data)
		}
	}
}

// checksum is the annotation that restarts Connect. Another form of it would restart
// the Connect of every running cluster.
func checksum(credentials string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(credentials)))
}

func TestSecretStore_RestartsConnectWhenItsCredentialsChange(t *testing.T) {
	for _, credentials := range []string{credentials, `{"verifier":"another"}`} {
		stack := spectest.Home(t)
		rec := engine(stack)
		rec.Config["home-ops:onepasswordCredentials"] = credentials
		if err := rec.Run(program(stack), stack.Name); err != nil {
			t.Fatal(err)
		}
		values := rec.Find(t, "secrets-connect").Inputs["values"].ObjectValue()
		annotations := values["connect"].ObjectValue()["podAnnotations"].ObjectValue()
		got := annotations["home-ops.github.io/credentials"]
		if !got.IsSecret() || got.SecretValue().Element.StringValue() != checksum(credentials) {
			t.Errorf("the annotation is %v, want the secret %s", got, checksum(credentials))
		}
	}
}

func TestSecretStore_WritesWhatOpensTheClusterIntoTheVault(t *testing.T) {
	item := registered(t, spectest.Lab(t)).Find(t, "secrets-break-glass")
	if item.Type != "onepassword:index/item:Item" || item.Inputs["vault"].StringValue() != vaultID ||
		item.Inputs["title"].StringValue() != "lab break-glass" || item.Inputs["category"].StringValue() != "secure_note" {
		t.Errorf("%s %v", item.Type, item.Inputs)
	}
	if !strings.Contains(item.Request.GetProvider(), "pulumi:providers:onepassword::onepassword") {
		t.Errorf("provider %s", item.Request.GetProvider())
	}
	held := map[string]string{}
	for _, field := range item.Inputs["sections"].ArrayValue()[0].ObjectValue()["fields"].ArrayValue() {
		held[field.ObjectValue()["label"].StringValue()] = field.ObjectValue()["value"].SecretValue().Element.StringValue()
	}
	want := map[string]string{"talosconfig": talosconfig, "kubeconfig": kubeconfig, "secrets.yaml": machineKeys}
	if !maps.Equal(held, want) {
		t.Errorf("the item holds %v", held)
	}
}

func TestSecretStore_PreviewsWithoutACluster(t *testing.T) {
	for _, stack := range stacks(t) {
		if err := engine(stack).Preview(program(stack), stack.Name); err != nil {
			t.Errorf("%s: %v", stack.Name, err)
		}
	}
}

func TestSecretStore_RefusesWhatItCannotWorkWith(t *testing.T) {
	none := spectest.Home(t)
	none.Secrets.OnePassword = nil
	for name, c := range map[string]struct {
		stack  *spec.Stack
		change func(*secretstore.Args)
		want   string
	}{
		"no 1Password":                 {none, func(*secretstore.Args) {}, "secretstore: the stack has no secrets.onePassword"},
		"no provider":                  {spectest.Home(t), func(a *secretstore.Args) { a.Provider = nil }, "secretstore: Provider is missing: objects would go wherever the user's kubeconfig points"},
		"no machine secrets":           {spectest.Lab(t), func(a *secretstore.Args) { a.BreakGlass.MachineSecrets = nil }, "secretstore: BreakGlass is incomplete: secrets.onePassword.breakGlassVault wants talosconfig, kubeconfig and machine secrets"},
		"no resolver":                  {spectest.Home(t), func(a *secretstore.Args) { a.Secrets = nil }, "secretstore: Secrets is missing"},
		"credentials that are a token": {spectest.Home(t), nil, "secrets.onePassword.credentialsRef: is not a 1password-credentials.json"},
	} {
		rec := engine(c.stack)
		var changes []func(*secretstore.Args)
		if c.change != nil {
			changes = append(changes, c.change)
		} else {
			rec.Config["home-ops:onepasswordCredentials"] = token
		}
		err := rec.Run(program(c.stack, changes...), c.stack.Name)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}
