package addons_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/rack/addons/internal/apitest"
	"github.com/home-ops/home-ops/rack/onepassword"
)

const (
	externalAPI  = "external-secrets.io/v1"
	connectToken = "token"
)

// externalSecretsBehaviours are held by the simulated External Secrets and by External Secrets itself alike, before a real API server
// and the stand-in of 1Password Connect.
var externalSecretsBehaviours = []struct {
	name string
	hold func(w *secretsWorld)
}{
	{"a Secret has the fields that are asked for, and says whose it is", func(w *secretsWorld) {
		e := w.external("app", twoFields)
		w.ready("app", "True", "SecretSynced", "secret synced")
		w.data("app", map[string]string{"user": "app", "word": "hunter2"})
		w.field("Secret", "app", "type", `"Opaque"`)
		w.field("Secret", "app", "metadata.labels.reconcile~external-secrets~io/managed", `"true"`)
		w.field("Secret", "app", "metadata.ownerReferences", fmt.Sprintf(
			`[{"apiVersion":"external-secrets.io/v1","blockOwnerDeletion":true,"controller":true,"kind":"ExternalSecret","name":"app","uid":%q}]`, e))
		w.field("ExternalSecret", "app", "status.binding.name", `"app"`)
		w.field("ExternalSecret", "app", "metadata.finalizers", `["externalsecrets.external-secrets.io/externalsecret-cleanup"]`)
	}},
	{"without a template, a Secret has the labels and annotations of its ExternalSecret", func(w *secretsWorld) {
		w.Applyf(external, "app", w.namespace, "{team: home}", "{note: kept}", twoFields)
		w.field("Secret", "app", "metadata.labels.team", `"home"`)
		w.field("Secret", "app", "metadata.annotations.note", `"kept"`)
	}},
	{"a template takes the place of the fields, and makes a type, labels and annotations", func(w *secretsWorld) {
		w.external("app", `
  target:
    name: made
    template:
      type: kubernetes.io/basic-auth
      metadata: {labels: {team: "{{ .user }}"}, annotations: {note: "for {{ .user | upper }}"}}
      data: {username: "{{ .user }}", password: "s3:{{ .word }}/x"}`+twoFields)
		w.data("made", map[string]string{"username": "app", "password": "s3:hunter2/x"})
		w.field("Secret", "made", "type", `"kubernetes.io/basic-auth"`)
		w.field("Secret", "made", "metadata.labels.team", `"app"`)
		w.field("Secret", "made", "metadata.annotations.note", `"for APP"`)
		w.field("ExternalSecret", "app", "status.binding.name", `"made"`)
	}},
	{"a template that adds leaves the fields", func(w *secretsWorld) {
		w.external("app", `
  target: {template: {mergePolicy: Merge, data: {url: "{{ .user }}:{{ .word }}"}}}`+twoFields)
		w.data("app", map[string]string{"user": "app", "word": "hunter2", "url": "app:hunter2"})
	}},
	{"a template of labels alone leaves the fields", func(w *secretsWorld) {
		w.external("app", `
  target: {template: {metadata: {labels: {team: home}}}}`+twoFields)
		w.data("app", map[string]string{"user": "app", "word": "hunter2"})
		w.field("Secret", "app", "metadata.labels.team", `"home"`)
	}},
	{"a template that asks for what nobody reads, or for the operator's environment, makes nothing", func(w *secretsWorld) {
		for i, text := range []string{"{{ .nobody }}", "{{ env `HOME` }}"} {
			name := fmt.Sprintf("app-%d", i)
			w.external(name, fmt.Sprintf("\n  target: {template: {data: {x: %q}}}", text)+twoFields)
			w.ready(name, "False", "SecretSyncedError", "could not update secret")
			w.none(name)
		}
	}},
	{"a whole item becomes a Secret, its names made fit for keys", func(w *secretsWorld) {
		w.connect.Put("home", "database", "full name", "App")
		w.external("app", "\n  dataFrom: [{extract: {key: database}}]")
		w.data("app", map[string]string{"username": "app", "password": "hunter2", "full_name": "App"})
	}},
	{"of what is read twice the field that is named counts", func(w *secretsWorld) {
		w.external("app", "\n  dataFrom: [{extract: {key: database}}]\n  data: [{secretKey: username, remoteRef: {key: database, property: password}}]")
		w.data("app", map[string]string{"username": "hunter2", "password": "hunter2"})
	}},
	{"a field without a name is the password, and the first vault that has the item counts", func(w *secretsWorld) {
		w.connect.Put("older", "database", "password", "former")
		w.connect.Put("older", "mail", "password", "letters")
		w.external("app", "\n  data: [{secretKey: a, remoteRef: {key: database}}, {secretKey: b, remoteRef: {key: mail}}]")
		w.data("app", map[string]string{"a": "hunter2", "b": "letters"})
	}},
	{"a changed item arrives when its time has come, and what was added later, too", func(w *secretsWorld) {
		w.external("app", "\n  refreshInterval: 1s"+twoFields)
		w.data("app", map[string]string{"user": "app", "word": "hunter2"})
		w.connect.Put("home", "database", "password", "changed")
		w.data("app", map[string]string{"user": "app", "word": "changed"})
	}},
	{"a changed item arrives when the ExternalSecret is annotated, and not before its time else", func(w *secretsWorld) {
		w.external("app", twoFields)
		w.data("app", map[string]string{"user": "app", "word": "hunter2"})
		w.connect.Put("home", "database", "password", "changed")
		w.Never("v1", "Secret", w.namespace+"/app", "data.word", encoded("changed"))
		w.Applyf(external, "app", w.namespace, "{}", `{force-sync: "1"}`, twoFields)
		w.data("app", map[string]string{"user": "app", "word": "changed"})
	}},
	{"with no interval it is read once and never again", func(w *secretsWorld) {
		w.external("app", "\n  refreshInterval: 0s"+twoFields)
		w.data("app", map[string]string{"user": "app", "word": "hunter2"})
		w.connect.Put("home", "database", "password", "changed")
		w.Applyf(external, "app", w.namespace, "{}", `{force-sync: "1"}`, "\n  refreshInterval: 0s"+twoFields)
		w.Never("v1", "Secret", w.namespace+"/app", "data.word", encoded("changed"))
	}},
	{"one that is to be read once is not read again, and one that is to be read when it changes is then", func(w *secretsWorld) {
		for name, policy := range map[string]string{"once": "CreatedOnce", "change": "OnChange"} {
			spec := "\n  refreshInterval: 1s\n  refreshPolicy: " + policy + twoFields
			w.external(name, spec)
			w.data(name, map[string]string{"user": "app", "word": "hunter2"})
			w.connect.Put("home", "database", "password", "changed")
			w.Never("v1", "Secret", w.namespace+"/"+name, "data.word", encoded("changed"))
			w.Applyf(external, name, w.namespace, "{}", `{force-sync: "1"}`, spec)
			if policy == "OnChange" {
				w.data(name, map[string]string{"user": "app", "word": "changed"})
			} else {
				w.Never("v1", "Secret", w.namespace+"/"+name, "data.word", encoded("changed"))
			}
			w.connect.Put("home", "database", "password", "hunter2")
		}
	}},
	{"an item, or a field, that is not there makes nothing, until it is there", func(w *secretsWorld) {
		w.external("item", "\n  data: [{secretKey: word, remoteRef: {key: nothing, property: password}}]")
		w.external("field", "\n  data: [{secretKey: word, remoteRef: {key: database, property: pin}}]")
		for _, name := range []string{"item", "field"} {
			w.ready(name, "False", "SecretSyncedError", "could not get secret data from provider")
			w.none(name)
		}
		w.connect.Put("home", "nothing", "password", "something")
		w.data("item", map[string]string{"word": "something"})
		w.ready("item", "True", "SecretSynced", "secret synced")
	}},
	{"an item that can no longer be read leaves the Secret as it was", func(w *secretsWorld) {
		w.external("app", "\n  refreshInterval: 1s"+twoFields)
		w.data("app", map[string]string{"user": "app", "word": "hunter2"})
		w.connect.Revoke(connectToken)
		w.ready("app", "False", "SecretSyncedError", "could not get secret data from provider")
		w.data("app", map[string]string{"user": "app", "word": "hunter2"})
	}},
	{"a store whose token opens nothing is not ready, and nobody gets anything of it", func(w *secretsWorld) {
		w.token("another")
		w.store("False", "InvalidProviderConfig", "unable to validate store")
		w.external("app", twoFields)
		w.ready("app", "False", "SecretSyncedError", "could not get secret data from provider")
		w.none("app")
		w.token(connectToken)
		w.store("True", "Valid", "store validated")
		w.data("app", map[string]string{"user": "app", "word": "hunter2"})
	}},
	{"a store whose token ends in a newline is not ready", func(w *secretsWorld) {
		w.token(connectToken + "\n")
		w.store("False", "InvalidProviderConfig", "unable to validate store")
	}},
	{"a store whose token is not there is not ready, and is once it is there", func(w *secretsWorld) {
		w.Delete("v1", "Secret", w.namespace+"/connect-token")
		w.store("False", "InvalidProviderConfig", "unable to create client")
		w.token(connectToken)
		w.store("True", "Valid", "store validated")
		w.field("SecretStore", "vault", "status.capabilities", `"ReadWrite"`)
	}},
	{"an ExternalSecret of a store that there is not says so", func(w *secretsWorld) {
		w.Delete(externalAPI, "SecretStore", w.namespace+"/vault")
		w.external("app", twoFields)
		w.ready("app", "False", "SecretSyncedError", "could not get secret data from provider")
	}},
	{"a Secret that somebody has changed, or deleted, is made right", func(w *secretsWorld) {
		w.external("app", twoFields)
		w.data("app", map[string]string{"user": "app", "word": "hunter2"})
		w.Applyf("{apiVersion: v1, kind: Secret, metadata: {name: app, namespace: %s}, stringData: {word: mine, more: mine}}", w.namespace)
		w.data("app", map[string]string{"user": "app", "word": "hunter2"})
		w.Delete("v1", "Secret", w.namespace+"/app")
		w.data("app", map[string]string{"user": "app", "word": "hunter2"})
	}},
	{"a field that is no longer asked for goes", func(w *secretsWorld) {
		w.external("app", twoFields)
		w.data("app", map[string]string{"user": "app", "word": "hunter2"})
		w.external("app", "\n  data: [{secretKey: word, remoteRef: {key: database, property: password}}]")
		w.data("app", map[string]string{"word": "hunter2"})
	}},
	{"a Secret under another name takes the place of the former", func(w *secretsWorld) {
		w.external("app", "\n  target: {name: former}"+twoFields)
		w.data("former", map[string]string{"user": "app", "word": "hunter2"})
		w.external("app", "\n  target: {name: next}"+twoFields)
		w.data("next", map[string]string{"user": "app", "word": "hunter2"})
		w.gone("Secret", "former")
	}},
	{"a Secret that another ExternalSecret owns stays that one's", func(w *secretsWorld) {
		w.external("first", "\n  target: {name: shared}"+twoFields)
		w.data("shared", map[string]string{"user": "app", "word": "hunter2"})
		w.external("second", "\n  target: {name: shared}\n  data: [{secretKey: x, remoteRef: {key: database, property: username}}]")
		w.ready("second", "False", "SecretSyncedError", "target is owned by another ExternalSecret")
		w.data("shared", map[string]string{"user": "app", "word": "hunter2"})
	}},
	{"one that only adds waits for its Secret, leaves what is in it, and owns nothing", func(w *secretsWorld) {
		w.external("early", "\n  target: {creationPolicy: Merge}"+twoFields)
		w.ready("early", "True", "SecretMissing", "secret will not be created due to CreationPolicy=Merge")
		w.none("early")
		w.Applyf("{apiVersion: v1, kind: Secret, metadata: {name: app, namespace: %s}, stringData: {mine: kept}}", w.namespace)
		w.external("app", "\n  target: {creationPolicy: Merge}"+twoFields)
		w.data("app", map[string]string{"user": "app", "word": "hunter2", "mine": "kept"})
		w.field("Secret", "app", "metadata.ownerReferences", "-")
	}},
	{"one that owns nothing makes a Secret all the same", func(w *secretsWorld) {
		w.external("app", "\n  target: {creationPolicy: Orphan}"+twoFields)
		w.data("app", map[string]string{"user": "app", "word": "hunter2"})
		w.field("Secret", "app", "metadata.ownerReferences", "-")
	}},
	// The API server's garbage collector, which takes along what has an owner, does not run here.
	{"an ExternalSecret that is deleted goes, and its Secret before it where its policy says so", func(w *secretsWorld) {
		w.external("kept", twoFields)
		w.external("taken", "\n  target: {deletionPolicy: Delete}"+twoFields)
		for _, name := range []string{"kept", "taken"} {
			w.data(name, map[string]string{"user": "app", "word": "hunter2"})
			w.Delete(externalAPI, "ExternalSecret", w.namespace+"/"+name)
			w.gone("ExternalSecret", name)
		}
		w.gone("Secret", "taken")
		w.data("kept", map[string]string{"user": "app", "word": "hunter2"})
	}},
}

const twoFields = `
  data:
  - {secretKey: user, remoteRef: {key: database, property: username}}
  - {secretKey: word, remoteRef: {key: database, property: password}}`

// external is an ExternalSecret: name, namespace, labels, annotations, and more of its spec.
const external = `apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: %s, namespace: %s, labels: %s, annotations: %s}
spec:
  secretStoreRef: {name: vault, kind: SecretStore}%s`

// secretsWorld is what one behaviour is seen in: a namespace with a store of two vaults, and the Connect server behind it.
type secretsWorld struct {
	*apitest.Client
	t         *testing.T
	namespace string
	connect   *onepassword.Server
}

// holdExternalSecrets runs every behaviour, one after the other: External Secrets has one client of 1Password for all its stores. What
// starts it is told of the test that it is to end with.
func holdExternalSecrets(t *testing.T, start func(t *testing.T)) {
	t.Helper()
	if server == nil {
		t.Skip("needs an API server")
	}
	server.Client(t).Define(definitions + "/external-secrets")
	start(t)
	for i, behaviour := range externalSecretsBehaviours {
		t.Run(behaviour.name, func(t *testing.T) {
			connect := onepassword.New(connectToken)
			connect.Put("home", "database", "username", "app")
			connect.Put("home", "database", "password", "hunter2")
			connect.AddVault("older")
			http := httptest.NewServer(connect)
			t.Cleanup(http.Close)
			w := &secretsWorld{server.Client(t), t, fmt.Sprintf("%s-%d", strings.ToLower(strings.SplitN(t.Name(), "_", 2)[0]), i), connect}
			w.Namespace(w.namespace)
			w.token(connectToken)
			w.Applyf(externalStore, w.namespace, http.URL)
			t.Cleanup(w.leave)
			w.store("True", "Valid", "store validated")
			behaviour.hold(w)
		})
	}
}

// leave takes away what the operator would go on with.
func (w *secretsWorld) leave() {
	w.t.Helper()
	w.DeleteAll(externalAPI, "ExternalSecret", w.namespace)
	w.DeleteAll(externalAPI, "SecretStore", w.namespace)
}

func (w *secretsWorld) token(text string) {
	w.t.Helper()
	w.Applyf("{apiVersion: v1, kind: Secret, metadata: {name: connect-token, namespace: %s}, data: {token: %s}}",
		w.namespace, base64.StdEncoding.EncodeToString([]byte(text)))
}

// external makes an ExternalSecret and returns its UID.
func (w *secretsWorld) external(name, spec string) string {
	w.t.Helper()
	return string(w.Applyf(external, name, w.namespace, "{}", "{}", spec).GetUID())
}

func (w *secretsWorld) store(status, reason, message string) {
	w.t.Helper()
	w.condition("SecretStore", "vault", status, reason, message)
}

func (w *secretsWorld) ready(name, status, reason, message string) {
	w.t.Helper()
	w.condition("ExternalSecret", name, status, reason, message)
}

func (w *secretsWorld) condition(kind, name string, want ...string) {
	w.t.Helper()
	for i, field := range []string{"status", "reason", "message"} {
		w.field(kind, name, "status.conditions.[type=Ready]."+field, fmt.Sprintf("%q", want[i]))
	}
}

// field waits for a field of an object, as JSON.
func (w *secretsWorld) field(kind, name, path, want string) {
	w.t.Helper()
	api := externalAPI
	if kind == "Secret" {
		api = "v1"
	}
	w.Eventually(api, kind, w.namespace+"/"+name, path, want)
}

func (w *secretsWorld) gone(kind, name string) {
	w.t.Helper()
	w.field(kind, name, "metadata.name", "-")
}

// none watches for a moment that there is no such Secret.
func (w *secretsWorld) none(name string) {
	w.t.Helper()
	w.Never("v1", "Secret", w.namespace+"/"+name, "metadata.name", fmt.Sprintf("%q", name))
}

// data waits for a Secret to have these values and no others.
func (w *secretsWorld) data(name string, want map[string]string) {
	w.t.Helper()
	values := map[string]string{}
	for key, value := range want {
		values[key] = base64.StdEncoding.EncodeToString([]byte(value))
	}
	text, err := json.Marshal(values)
	if err != nil {
		w.t.Fatal(err)
	}
	w.field("Secret", name, "data", string(text))
}

func encoded(value string) string {
	return fmt.Sprintf("%q", base64.StdEncoding.EncodeToString([]byte(value)))
}
