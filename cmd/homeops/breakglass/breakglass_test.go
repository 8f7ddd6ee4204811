package breakglass_test

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/cmd/homeops/breakglass"
	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/internal/kubeapi/apitest"
	"github.com/home-ops/home-ops/spec/spectest"
)

func secret(namespace, name string, change func(*corev1.Secret)) corev1.Secret {
	s := corev1.Secret{ObjectMeta: metav1.ObjectMeta{
		Namespace: namespace, Name: name, UID: "1", ResourceVersion: "7",
		OwnerReferences: []metav1.OwnerReference{{Kind: "ExternalSecret", Name: name}},
		ManagedFields:   []metav1.ManagedFieldsEntry{{Manager: "x"}},
	}, Data: map[string][]byte{"key": []byte("value")}}
	if change != nil {
		change(&s)
	}
	return s
}

// source is a cluster with one Secret of each kind.
func source(t *testing.T) breakglass.Source {
	t.Helper()
	kubeconfig, _ := apitest.Serve(t, time.Hour, http.NotFoundHandler())
	return breakglass.Source{
		Stack: spectest.Home(t), StackFile: []byte("config: {}\n"), Talosconfig: "t", Kubeconfig: string(kubeconfig),
		MachineSecrets: "m", Now: time.Date(2026, 11, 28, 20, 30, 0, 0, time.UTC),
		Secrets: []corev1.Secret{
			secret("network", "gateways-tls", func(s *corev1.Secret) {
				s.Annotations = map[string]string{"cert-manager.io/certificate-name": "gateways", "cert-manager.io/issuer-name": "letsencrypt"}
			}),
			secret("cert-manager", "letsencrypt-account", nil),
			secret("cert-manager", "cloudflare-api-token", nil),
			secret("echo", "echo-account", nil),
			secret("echo", "echo-backup", func(s *corev1.Secret) { s.Data["RESTIC_PASSWORD"] = []byte("p") }),
			secret("longhorn-system", "longhorn-backup", nil),
			secret("flux-system", "sops-age", nil),
		},
	}
}

func TestGather_TakesWhatOpensTheClusterAndWhatIsHardToMakeAgain(t *testing.T) {
	s := source(t)
	got, err := breakglass.Gather(s)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Pulumi.home.yaml", "README.txt", "backups/echo.echo-backup.yaml", "backups/longhorn-system.longhorn-backup.yaml",
		"certificates/cert-manager.letsencrypt-account.yaml", "certificates/network.gateways-tls.yaml",
		"kubeconfig", "secrets.yaml", "talosconfig",
	}
	if names := slices.Sorted(maps.Keys(got.Files)); !slices.Equal(names, want) {
		t.Errorf("got  %v\nwant %v", names, want)
	}
	s.Passphrase = "open sesame"
	if got, err = breakglass.Gather(s); err != nil || string(got.Files[breakglass.Passphrase]) != "open sesame\n" {
		t.Errorf("the passphrase is %q, %v", got.Files[breakglass.Passphrase], err)
	}
}

// The issuer's name must stay, or cert-manager orders a new certificate; an owner that is not there has it removed.
func TestGather_LeavesOfASecretWhatAnotherClusterCanTake(t *testing.T) {
	got, err := breakglass.Gather(source(t))
	if err != nil {
		t.Fatal(err)
	}
	golden.File(t, "testdata/network.gateways-tls.yaml", got.Files["certificates/network.gateways-tls.yaml"])
}

func TestGather_TellsAStrangerHowToBegin(t *testing.T) {
	expires := regexp.MustCompile(`until \d{4}-\d\d-\d\d`)
	for name, passphrase := range map[string]string{"with-passphrase": "x", "without-passphrase": ""} {
		s := source(t)
		s.Passphrase = passphrase
		got, err := breakglass.Gather(s)
		if err != nil {
			t.Fatal(err)
		}
		golden.File(t, "testdata/readme-"+name+".txt", expires.ReplaceAll(got.Files[breakglass.Readme], []byte("until DATE")))
	}
}

func TestGather_RefusesACopyThatWouldNotOpenTheCluster(t *testing.T) {
	for name, take := range map[string]func(*breakglass.Source){
		"talosconfig":  func(s *breakglass.Source) { s.Talosconfig = "" },
		"kubeconfig":   func(s *breakglass.Source) { s.Kubeconfig = "" },
		"secrets.yaml": func(s *breakglass.Source) { s.MachineSecrets = "" },
	} {
		s := source(t)
		take(&s)
		want := "the stack has no " + name + " among its outputs: run `pulumi up` to its end once"
		if _, err := breakglass.Gather(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
