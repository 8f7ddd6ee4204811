package edge

import (
	acmev1 "github.com/cert-manager/cert-manager/pkg/apis/acme/v1"
	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	cmmetav1 "github.com/cert-manager/cert-manager/pkg/apis/meta/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// certManagerRegistry is where cert-manager's chart is.
const certManagerRegistry = "oci://quay.io/jetstack/charts"

// The directories of Let's Encrypt (https://letsencrypt.org/docs/staging-environment/).
const (
	letsEncrypt        = "https://acme-v02.api.letsencrypt.org/directory"
	letsEncryptStaging = "https://acme-staging-v02.api.letsencrypt.org/directory"
)

// certificateSteps have cert-manager sign the gateways' certificate. Nothing waits until
// it is signed: an update must not fail because a CA is away for an hour, and a gateway
// takes up its certificate whenever it comes.
func certificateSteps(stack *spec.Stack) (plan.Steps, error) {
	values, err := certManagerValues(stack)
	if err != nil {
		return nil, err
	}
	chart := plan.Chart{
		Registry: certManagerRegistry, Name: "cert-manager", Version: string(stack.Versions.CertManager),
	}
	steps := plan.Steps{release(stepCertManager, certManagerNamespace, chart, values)}
	issuer := plan.Step{Name: stepIssuer, Object: gatewayIssuer(stack), After: []string{stepCertManager}}
	for _, step := range signingSteps(stack) {
		steps = append(steps, step)
		issuer.After = append(issuer.After, step.Name)
	}
	return append(steps, issuer, plan.Step{
		Name: stepCertificate, Object: gatewayCertificate(stack), After: []string{stepNetworkNamespace, stepIssuer},
	}), nil
}

// signingSteps make what the issuer signs with.
func signingSteps(stack *spec.Stack) plan.Steps {
	switch {
	case stack.Edge.Certificates.Issuer == spec.IssuerLetsEncrypt:
		holder := holderOf(stack)
		return plan.Steps{secret(
			"cert-manager-token", named(certManagerNamespace, holder.secret), holder.key, holder.value,
		)}
	case stack.Edge.Certificates.CACertRef == "":
		return generatedCA()
	default:
		return plan.Steps{givenCA()}
	}
}

// issuerName is the ClusterIssuer that signs the gateways' certificate. Each kind of
// issuer has its own name: cert-manager signs anew when the name changes, not when what
// is behind it does.
func issuerName(stack *spec.Stack) string {
	switch c := stack.Edge.Certificates; {
	case c.Issuer == spec.IssuerCA:
		return "home-ops-ca"
	case c.Staging:
		return "letsencrypt-staging"
	default:
		return "letsencrypt"
	}
}

// gatewayIssuer signs the gateways' certificate, and those of whoever else asks it.
func gatewayIssuer(stack *spec.Stack) *certmanagerv1.ClusterIssuer {
	name := issuerName(stack)
	c := stack.Edge.Certificates
	if c.Issuer == spec.IssuerCA {
		return clusterIssuer(name, certmanagerv1.IssuerConfig{CA: &certmanagerv1.CAIssuer{SecretName: caSecret}})
	}
	server := letsEncrypt
	if c.Staging {
		server = letsEncryptStaging
	}
	return clusterIssuer(name, certmanagerv1.IssuerConfig{ACME: &acmev1.ACMEIssuer{
		Server: server, Email: c.Email,
		PrivateKey: secretKey(name+"-account", ""),
		Solvers:    solvers(stack),
	}})
}

// solvers prove the domains. At Route 53 each has a zone of its own, which is told by its id.
func solvers(stack *spec.Stack) []acmev1.ACMEChallengeSolver {
	solver := func(holder *holder, zones ...string) acmev1.ACMEChallengeSolver {
		return acmev1.ACMEChallengeSolver{
			Selector: &acmev1.CertificateDNSNameSelector{DNSZones: zones}, DNS01: &holder.solver,
		}
	}
	route53 := stack.Edge.DNS.Route53
	if route53 == nil {
		return []acmev1.ACMEChallengeSolver{solver(holderOf(stack), stack.Domains()...)}
	}
	out := []acmev1.ACMEChallengeSolver{solver(holderOf(stack), stack.Cluster.Domain)}
	for _, domain := range stack.Edge.Domains {
		at := *route53
		at.Zone, at.HostedZoneID = domain.Zone, domain.HostedZoneID
		out = append(out, solver(route53Holder(&at), domain.Name))
	}
	return out
}

// certificateNames are the domains and every name directly below each.
func certificateNames(stack *spec.Stack) []string {
	var names []string
	for _, domain := range stack.Domains() {
		names = append(names, domain, "*."+domain)
	}
	return names
}

// gatewayCertificate is for the domains and every name directly below them.
func gatewayCertificate(stack *spec.Stack) *certmanagerv1.Certificate {
	return &certmanagerv1.Certificate{
		TypeMeta:   certManagerType(certmanagerv1.CertificateKind),
		ObjectMeta: named(Namespace, "gateways"),
		Spec: certmanagerv1.CertificateSpec{
			SecretName: certificateSecret,
			IssuerRef:  issuerRef(issuerName(stack)),
			DNSNames:   certificateNames(stack),
			PrivateKey: ecdsa(certmanagerv1.RotationPolicyAlways),
		},
	}
}

func clusterIssuer(name string, config certmanagerv1.IssuerConfig) *certmanagerv1.ClusterIssuer {
	return &certmanagerv1.ClusterIssuer{
		TypeMeta:   certManagerType(certmanagerv1.ClusterIssuerKind),
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       certmanagerv1.IssuerSpec{IssuerConfig: config},
	}
}

func certManagerType(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: certmanagerv1.SchemeGroupVersion.String(), Kind: kind}
}

func issuerRef(name string) cmmetav1.ObjectReference {
	return cmmetav1.ObjectReference{
		Group: certmanagerv1.SchemeGroupVersion.Group, Kind: certmanagerv1.ClusterIssuerKind, Name: name,
	}
}

// secretKey is a key of a Secret in cert-manager's namespace. Without a key, cert-manager
// takes the one that it writes itself.
func secretKey(name, key string) cmmetav1.SecretKeySelector {
	return cmmetav1.SecretKeySelector{LocalObjectReference: cmmetav1.LocalObjectReference{Name: name}, Key: key}
}

func ecdsa(rotation certmanagerv1.PrivateKeyRotationPolicy) *certmanagerv1.CertificatePrivateKey {
	return &certmanagerv1.CertificatePrivateKey{
		Algorithm: certmanagerv1.ECDSAKeyAlgorithm, Size: 256, RotationPolicy: rotation,
	}
}
