package talos_test

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/internal/recorder"
	"github.com/home-ops/home-ops/spec"
)

// nextBundle is what the provider makes when another set of secrets is asked for.
var nextBundle = sync.OnceValue(func() *secrets.Bundle {
	bundle, err := secrets.NewBundle(secrets.NewFixedClock(time.Now()), config.TalosVersion1_11)
	if err != nil {
		panic(err)
	}
	return bundle
})

// rotating is a run of a stack in one step of a rotation.
func rotating(t *testing.T, stack *spec.Stack) *run {
	t.Helper()
	r := newRun(stack)
	r.Outputs = func(res recorder.Resource) (string, resource.PropertyMap, error) {
		switch {
		case res.Name == "talos-talos-ca-2", res.Name == "talos-kubernetes-ca-2":
			return "machine_secrets", secretsOutputsOf(nextBundle()), nil
		case res.Type == kubeconfigType:
			return "home", resource.NewPropertyMapFromMap(map[string]any{"kubeconfigRaw": kubeconfigBelieving(theBundle().Certs.K8s.Crt)}), nil
		}
		return answer(res)
	}
	if err := r.Run(func(ctx *pulumi.Context) error {
		err := r.program(ctx)
		if err == nil {
			ctx.Export("talosconfig", r.cluster.Talosconfig)
			ctx.Export("kubeconfig", r.cluster.Kubeconfig)
			ctx.Export("secrets", r.cluster.MachineSecrets)
			ctx.Export("seed", r.cluster.Seed)
		}
		return err
	}, "home"); err != nil {
		t.Fatal(err)
	}
	return r
}

// kubeconfigBelieving is one that was fetched before the rotation.
func kubeconfigBelieving(authorities ...[]byte) string {
	return "clusters:\n- cluster:\n    server: https://10.0.50.50:6443\n    certificate-authority-data: " +
		base64.StdEncoding.EncodeToString(slices.Concat(authorities...)) + "\n"
}

func (r *run) exported(t *testing.T, name string) string {
	t.Helper()
	value := r.Exports()[resource.PropertyKey(name)]
	if !value.IsSecret() {
		t.Fatalf("%s is not secret: %v", name, value)
	}
	return value.SecretValue().Element.StringValue()
}

// known is a value without its secret mark.
func known(v resource.PropertyValue) resource.PropertyValue {
	if v.IsSecret() {
		return v.SecretValue().Element
	}
	return v
}

func TestTalosCluster_RotatesItsTalosCAStepByStep(t *testing.T) {
	first, second := theBundle().Certs.OS, nextBundle().Certs.OS
	for name, test := range map[string]struct {
		step     spec.Authority
		issuing  *secrets.Bundle
		accepted []byte
		held     map[string]bool
	}{
		"before":               {spec.Authority{Issuing: 1}, theBundle(), nil, map[string]bool{"talos-secrets": true}},
		"the next is accepted": {spec.Authority{Issuing: 1, Accepted: 2}, theBundle(), second.Crt, map[string]bool{"talos-secrets": true, "talos-talos-ca-2": false}},
		"the next issues":      {spec.Authority{Issuing: 2, Accepted: 1}, nextBundle(), first.Crt, map[string]bool{"talos-secrets": true, "talos-talos-ca-2": true}},
		"the former is gone":   {spec.Authority{Issuing: 2}, nextBundle(), nil, map[string]bool{"talos-secrets": true, "talos-talos-ca-2": true}},
	} {
		t.Run(name, func(t *testing.T) {
			stack := home(t)
			stack.Cluster.TalosCA = test.step
			r := rotating(t, stack)
			held := map[string]bool{}
			for _, res := range r.OfType(secretsType) {
				held[res.Name] = res.Request.GetProtect()
			}
			if len(held) != len(test.held) {
				t.Errorf("held %v, want %v", held, test.held)
			}
			for name, protected := range test.held {
				if is, there := held[name]; !there || is != protected {
					t.Errorf("%s: there %t, protected %t", name, there, is)
				}
			}
			issuing := test.issuing.Certs.OS
			for _, apply := range r.OfType(applyType) {
				raw, _ := apply.Value("machineConfigurationInput")
				cfg, err := configloader.NewFromBytes([]byte(raw.StringValue()))
				if err != nil {
					t.Fatal(err)
				}
				security := cfg.Machine().Security()
				var accepted []byte
				for _, ca := range security.AcceptedCAs() {
					accepted = append(accepted, ca.Crt...)
				}
				if ca := security.IssuingCA(); !bytes.Equal(ca.Crt, issuing.Crt) || !bytes.Equal(accepted, test.accepted) {
					t.Errorf("%s: issues with another CA, or accepts another", apply.Name)
				}
				if key := security.IssuingCA().Key; cfg.Machine().Type().IsControlPlane() && !bytes.Equal(key, issuing.Key) {
					t.Errorf("%s: another key", apply.Name)
				} else if !cfg.Machine().Type().IsControlPlane() && len(key) > 0 {
					t.Errorf("%s: a worker has the key", apply.Name)
				}
				client, _ := apply.Value("clientConfiguration")
				ca := known(client.ObjectValue()["caCertificate"]).StringValue()
				if want := base64.StdEncoding.EncodeToString(slices.Concat(issuing.Crt, test.accepted)); ca != want {
					t.Errorf("%s: the provider trusts others", apply.Name)
				}
			}
			talosconfig, err := clientconfig.FromString(r.exported(t, "talosconfig"))
			if err != nil {
				t.Fatal(err)
			}
			current := talosconfig.Contexts[talosconfig.Context]
			if want := base64.StdEncoding.EncodeToString(slices.Concat(issuing.Crt, test.accepted)); current.CA != want {
				t.Error("talosconfig trusts others")
			}
			if want, _ := adminOf(test.issuing); current.Crt != want {
				t.Error("talosconfig has the certificate of another CA")
			}
			bundle := &secrets.Bundle{}
			if err := yaml.Unmarshal([]byte(r.exported(t, "secrets")), bundle); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(bundle.Certs.OS.Key, issuing.Key) || bundle.Cluster.ID != theBundle().Cluster.ID ||
				!bytes.Equal(bundle.Certs.Etcd.Key, theBundle().Certs.Etcd.Key) || !bytes.Equal(bundle.Certs.K8s.Key, theBundle().Certs.K8s.Key) {
				t.Error("secrets.yaml makes machines of another cluster, or of another CA")
			}
			if r.exported(t, "seed") != theBundle().Secrets.SecretboxEncryptionSecret {
				t.Error("the seed is another")
			}
			if found := r.PlaintextOf(append(everySecret(), base64.StdEncoding.EncodeToString(second.Key))...); len(found) > 0 {
				t.Errorf("in plain: %s", strings.Join(found, ", "))
			}
		})
	}
}

// A contract before v1.14 has the authorities in the main document, a later one in a document of their own.
func TestTalosCluster_RotatesItsKubernetesCAStepByStep(t *testing.T) {
	first, second := theBundle().Certs.K8s, nextBundle().Certs.K8s
	for name, test := range map[string]struct {
		step     spec.Authority
		issuing  *secrets.Bundle
		accepted []byte
		// kept says that the kubeconfig stays to the letter.
		kept bool
	}{
		"before":               {spec.Authority{Issuing: 1}, theBundle(), nil, true},
		"the next is accepted": {spec.Authority{Issuing: 1, Accepted: 2}, theBundle(), second.Crt, false},
		"the next issues":      {spec.Authority{Issuing: 2, Accepted: 1}, nextBundle(), first.Crt, false},
		"the former is gone":   {spec.Authority{Issuing: 2}, nextBundle(), nil, false},
	} {
		for _, contract := range []spec.Version{"v1.11", "v1.14"} {
			t.Run(name+"/"+string(contract), func(t *testing.T) {
				stack := home(t)
				stack.Cluster.KubernetesCA, stack.Cluster.TalosContract = test.step, contract
				r := rotating(t, stack)
				if found := len(r.OfType(secretsType)); found != max(test.step.Issuing, test.step.Accepted) {
					t.Errorf("%d sets of secrets", found)
				}
				issuing := test.issuing.Certs.K8s
				trusted := slices.DeleteFunc([]string{string(issuing.Crt), string(test.accepted)}, func(s string) bool { return s == "" })
				for _, apply := range r.OfType(applyType) {
					raw, _ := apply.Value("machineConfigurationInput")
					cfg, err := configloader.NewFromBytes([]byte(raw.StringValue()))
					if err != nil {
						t.Fatal(err)
					}
					authorities := cfg.K8sAPIServerCAConfig()
					var accepted []string
					for _, ca := range authorities.AcceptedCAs() {
						accepted = append(accepted, string(ca.Crt))
					}
					if !slices.Equal(accepted, trusted) {
						t.Errorf("%s: accepts others", apply.Name)
					}
					ca := authorities.IssuingCA()
					if controlPlane := cfg.Machine().Type().IsControlPlane(); controlPlane != (ca != nil) || controlPlane && !bytes.Equal(ca.Key, issuing.Key) {
						t.Errorf("%s: another key, or one on a worker", apply.Name)
					}
					if !bytes.Equal(cfg.Machine().Security().IssuingCA().Crt, theBundle().Certs.OS.Crt) {
						t.Errorf("%s: the Talos CA is another", apply.Name)
					}
				}
				want := kubeconfigBelieving(issuing.Crt, test.accepted)
				if got := r.exported(t, "kubeconfig"); got != want || test.kept != (got == kubeconfigBelieving(first.Crt)) {
					t.Errorf("kubeconfig\n%s\nwant\n%s", got, want)
				}
				if trigger := r.OfType(kubeconfigType)[0].Request.GetReplacementTrigger().GetNumberValue(); int(trigger) != test.step.Issuing {
					t.Errorf("another kubeconfig is fetched when %v changes", trigger)
				}
				bundle := &secrets.Bundle{}
				if err := yaml.Unmarshal([]byte(r.exported(t, "secrets")), bundle); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(bundle.Certs.K8s.Key, issuing.Key) || !bytes.Equal(bundle.Certs.OS.Key, theBundle().Certs.OS.Key) {
					t.Error("secrets.yaml is of other authorities")
				}
				if found := r.PlaintextOf(append(everySecret(), base64.StdEncoding.EncodeToString(second.Key))...); len(found) > 0 {
					t.Errorf("in plain: %s", strings.Join(found, ", "))
				}
			})
		}
	}
}

// One letter of another kubeconfig has the provider, and whatever uses it, change.
func TestTalosCluster_LeavesAKubeconfigAsItIsThatBelievesTheSame(t *testing.T) {
	crt := theBundle().Certs.K8s.Crt
	for name, fetched := range map[string]string{
		"as it is":         kubeconfigBelieving(crt),
		"with empty lines": kubeconfigBelieving([]byte("\n"), crt, []byte("\n\n")),
	} {
		r := newRun(home(t))
		r.Outputs = func(res recorder.Resource) (string, resource.PropertyMap, error) {
			if res.Type == kubeconfigType {
				return "home", resource.NewPropertyMapFromMap(map[string]any{"kubeconfigRaw": fetched}), nil
			}
			return answer(res)
		}
		r.up(t)
		if got, _ := r.OfType(providerType)[0].Value("kubeconfig"); known(got).StringValue() != fetched {
			t.Errorf("%s: %v", name, got)
		}
	}
}
