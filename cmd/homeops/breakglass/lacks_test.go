package breakglass_test

import (
	"slices"
	"testing"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/cmd/homeops/breakglass"
	"github.com/home-ops/home-ops/components/edge"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// issued are the Secrets that cert-manager makes of a stack's plan
// (https://cert-manager.io/docs/usage/certificate/#issued-certificate-secret-metadata).
func issued(t *testing.T, stack *spec.Stack) []corev1.Secret {
	t.Helper()
	steps, err := edge.Plan(stack)
	if err != nil {
		t.Fatal(err)
	}
	var all []corev1.Secret
	for _, step := range steps {
		switch o := step.Object.(type) {
		case *certmanagerv1.Certificate:
			all = append(all, secret(o.Namespace, o.Spec.SecretName, func(s *corev1.Secret) {
				s.Annotations = map[string]string{"cert-manager.io/certificate-name": o.Name}
			}))
		case *certmanagerv1.ClusterIssuer:
			if o.Spec.ACME != nil {
				all = append(all, secret("cert-manager", o.Spec.ACME.PrivateKey.Name, nil))
			}
		}
	}
	if len(all) == 0 {
		t.Fatal("the plan has no certificates")
	}
	return all
}

func backup(namespace string) corev1.Secret {
	return secret(namespace, "backup", func(s *corev1.Secret) { s.Data["RESTIC_PASSWORD"] = []byte("p") })
}

// A name that edge gives and a copy does not take would be missed only when the copy is needed.
func TestGather_TakesEverySecretOfThePlansCertificates(t *testing.T) {
	for name, stack := range map[string]*spec.Stack{"home": spectest.Home(t), "lab": spectest.Lab(t)} {
		s := source(t)
		s.Stack, s.Secrets = stack, append(issued(t, stack), backup("echo"))
		got, err := breakglass.Gather(s)
		if err != nil {
			t.Fatal(err)
		}
		if lacks, err := breakglass.Lacks(stack, got); err != nil || len(lacks) > 0 {
			t.Errorf("%s: lacks %v, %v", name, lacks, err)
		}
	}
}

func TestLacks_NamesWhatTheClusterDoesNotHaveYet(t *testing.T) {
	stack := spectest.Home(t)
	for name, c := range map[string]struct {
		secrets []corev1.Secret
		want    []string
	}{
		"nothing yet": {nil, []string{
			"the ACME account's key (Secret cert-manager/letsencrypt-account)", "the certificate gateways (Secret network/gateways-tls)", "the password of any backup",
		}},
		"no backups": {issued(t, stack), []string{"the password of any backup"}},
		"no certificates": {[]corev1.Secret{backup("echo")}, []string{
			"the ACME account's key (Secret cert-manager/letsencrypt-account)", "the certificate gateways (Secret network/gateways-tls)",
		}},
	} {
		s := source(t)
		s.Secrets = c.secrets
		got, err := breakglass.Gather(s)
		if err != nil {
			t.Fatal(err)
		}
		lacks, err := breakglass.Lacks(stack, got)
		slices.Sort(lacks)
		if err != nil || !slices.Equal(lacks, c.want) {
			t.Errorf("%s: lacks %q, %v", name, lacks, err)
		}
	}
}
