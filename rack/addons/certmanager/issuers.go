package certmanager

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// ready is what an issuer's condition says.
type ready struct {
	ok              bool
	reason, message string
}

// issuers fills in the status of all issuers of a kind. The Secrets of a ClusterIssuer are in the operator's namespace.
func (p *pass) issuers(kind cluster.Kind) error {
	var errs []error
	for _, item := range cluster.Read[issuer](p.Cluster, kind) {
		i := item.Typed
		said, known := p.judge(i, p.secretsOf(i))
		if !known {
			continue
		}
		i.Status.Conditions = set(i.Status.Conditions, condition{
			Type: "Ready", Status: truth(said.ok), Reason: said.reason, Message: said.message, ObservedGeneration: i.Generation,
		})
		errs = append(errs, p.WriteStatus(p.ctx, kind, item.Object, i.Status))
	}
	return errors.Join(errs...)
}

func (p *pass) secretsOf(i *issuer) string {
	if i.Namespace != "" {
		return i.Namespace
	}
	return p.operator
}

func (p *pass) judge(i *issuer, namespace string) (said ready, known bool) {
	switch {
	case i.Spec.SelfSigned != nil:
		return ready{true, "IsReady", ""}, true
	case i.Spec.CA != nil:
		secret := cluster.Find[corev1.Secret](p.Cluster, cluster.Secrets, namespace, i.Spec.CA.SecretName)
		if secret == nil {
			return ready{false, "ErrGetKeyPair", fmt.Sprintf("Error getting keypair for CA issuer: secrets %q not found", i.Spec.CA.SecretName)}, true
		}
		if _, err := fromSecret(secret); err != nil {
			return ready{false, "ErrInvalidKeyPair", "Error getting keypair for CA issuer: " + err.Error()}, true
		}
		return ready{true, "KeyPairVerified", "Signing CA verified"}, true
	case i.Spec.ACME != nil:
		return p.account(i, namespace), true
	}
	return ready{}, false
}

// account registers with the authority, which is simulated: it takes everyone.
func (p *pass) account(i *issuer, namespace string) ready {
	server, err := url.Parse(i.Spec.ACME.Server)
	if err != nil || server.Host == "" {
		return ready{false, "ErrRegisterACMEAccount", fmt.Sprintf("Failed to register ACME account: invalid server %q", i.Spec.ACME.Server)}
	}
	name := i.Spec.ACME.PrivateKey.Name
	if p.Get(cluster.Secrets, namespace, name) == nil {
		key, err := new(authority).issue(&certificate{}, 0)
		if err == nil {
			err = p.Apply(p.ctx, cluster.Secrets, &corev1.Secret{
				TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
				ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
				Data:       map[string][]byte{corev1.TLSPrivateKeyKey: key[corev1.TLSPrivateKeyKey]},
			})
		}
		if err != nil {
			return ready{false, "ErrRegisterACMEAccount", err.Error()}
		}
	}
	i.Status.ACME = &acmeStatus{URI: "https://" + server.Host + "/acme/acct/1", LastEmail: i.Spec.ACME.Email}
	return ready{true, "ACMEAccountRegistered", "The ACME account was registered with the ACME server"}
}

// solve is why an ACME authority would not believe that the names are one's own; nil when it would.
func (p *pass) solve(a *acme, namespace string, names []string) error {
	var errs []error
	for _, name := range names {
		s := a.solverOf(strings.TrimPrefix(name, "*."))
		switch {
		case s == nil:
			errs = append(errs, fmt.Errorf("%s: no configured challenge solvers can be used for this challenge", name))
		case s.DNS01 == nil || s.DNS01.Cloudflare == nil:
			errs = append(errs, fmt.Errorf("%s: its solver is not known to the stand-in of cert-manager", name))
		default:
			ref := s.DNS01.Cloudflare.APIToken
			if ref == nil {
				ref = s.DNS01.Cloudflare.APIKey
			}
			if err := p.token(ref, namespace); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
			}
		}
	}
	return errors.Join(errs...)
}

func (p *pass) token(ref *secretKey, namespace string) error {
	if ref == nil {
		return errors.New("the solver names no token")
	}
	secret := cluster.Find[corev1.Secret](p.Cluster, cluster.Secrets, namespace, ref.Name)
	if secret == nil {
		return fmt.Errorf("error getting cloudflare secret: secrets %q not found", ref.Name)
	}
	if len(secret.Data[ref.Key]) == 0 {
		return fmt.Errorf("no key %q in secret '%s/%s'", ref.Key, namespace, ref.Name)
	}
	return nil
}

// solverOf is the solver that stands for a name: the one that names it, else that of the longest zone, else one for everything.
func (a *acme) solverOf(name string) *solver {
	var best *solver
	longest := -1
	for i := range a.Solvers {
		s := &a.Solvers[i]
		if s.Selector == nil || len(s.Selector.DNSNames)+len(s.Selector.DNSZones) == 0 {
			if longest < 0 {
				best, longest = s, 0
			}
			continue
		}
		if slices.Contains(s.Selector.DNSNames, name) {
			return s
		}
		for _, zone := range s.Selector.DNSZones {
			if (name == zone || strings.HasSuffix(name, "."+zone)) && len(zone) > longest {
				best, longest = s, len(zone)
			}
		}
	}
	return best
}

func truth(ok bool) string {
	if ok {
		return "True"
	}
	return "False"
}
