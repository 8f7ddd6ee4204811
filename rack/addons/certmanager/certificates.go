package certmanager

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// ninetyDays is how long a certificate is good unless it says otherwise, and always for ACME.
const ninetyDays = 90 * 24 * time.Hour

func (p *pass) certificates() error {
	var errs []error
	for _, item := range cluster.Read[certificate](p.Cluster, Certificates) {
		c := item.Typed
		if (c.Spec.IssuerRef.Group != "" && c.Spec.IssuerRef.Group != "cert-manager.io") || c.DeletionTimestamp != nil {
			continue
		}
		p.certificate(c)
		errs = append(errs, p.WriteStatus(p.ctx, Certificates, item.Object, c.Status))
	}
	return errors.Join(errs...)
}

// certificate sees to the Secret of a Certificate, and fills in its status.
func (p *pass) certificate(c *certificate) {
	leaf, stale := p.current(c)
	if stale != "" {
		if err := p.issue(c); err != nil {
			message := "Issuing certificate as " + stale
			c.Status.Conditions = set(c.Status.Conditions, condition{
				Type: "Ready", Status: "False", Reason: "DoesNotExist", Message: message, ObservedGeneration: c.Generation,
			})
			c.Status.Conditions = set(c.Status.Conditions, condition{
				Type: "Issuing", Status: "True", Reason: "DoesNotExist", ObservedGeneration: c.Generation,
				Message: message + ": " + strings.ReplaceAll(err.Error(), "\n", "; "),
			})
			return
		}
		c.Status.Revision++
		leaf, _ = p.current(c)
	}
	if leaf == nil {
		return
	}
	before, after, renewal := metav1.NewTime(leaf.NotBefore), metav1.NewTime(leaf.NotAfter), metav1.NewTime(renewalOf(c, leaf))
	c.Status.NotBefore, c.Status.NotAfter, c.Status.RenewalTime = &before, &after, &renewal
	c.Status.Conditions = set(without(c.Status.Conditions, "Issuing"), condition{
		Type: "Ready", Status: "True", Reason: "Ready", Message: "Certificate is up to date and has not expired", ObservedGeneration: c.Generation,
	})
}

// current is the certificate that is in the Secret, and why it has to be another.
func (p *pass) current(c *certificate) (leaf *x509.Certificate, stale string) {
	secret := cluster.Find[corev1.Secret](p.Cluster, cluster.Secrets, c.Namespace, c.Spec.SecretName)
	if secret == nil {
		return nil, "Secret does not exist"
	}
	pair, err := tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return nil, "Secret contains an invalid key-pair: " + err.Error()
	}
	leaf = pair.Leaf
	ref := c.Spec.IssuerRef
	switch {
	case secret.Annotations["cert-manager.io/issuer-name"] != ref.Name || secret.Annotations["cert-manager.io/issuer-kind"] != issuerKind(c):
		return leaf, fmt.Sprintf("Secret was issued for %q. If this message is not transient, you might have two conflicting Certificates pointing to the same secret.",
			secret.Annotations["cert-manager.io/certificate-name"])
	case !sameNames(leaf, c):
		return leaf, "Fields on existing CertificateRequest resource not up to date: [spec.dnsNames]"
	case time.Now().After(renewalOf(c, leaf)):
		return leaf, fmt.Sprintf("Renewing certificate as renewal was scheduled at %s", renewalOf(c, leaf))
	}
	return leaf, ""
}

func sameNames(leaf *x509.Certificate, c *certificate) bool {
	have, want := slices.Sorted(slices.Values(leaf.DNSNames)), slices.Sorted(slices.Values(c.Spec.DNSNames))
	return slices.Equal(have, want) && leaf.Subject.CommonName == c.Spec.CommonName && leaf.IsCA == c.Spec.IsCA
}

// renewalOf is when two thirds of the certificate's time are over, or as long before its end as it says.
func renewalOf(c *certificate, leaf *x509.Certificate) time.Time {
	before := leaf.NotAfter.Sub(leaf.NotBefore) / 3
	if c.Spec.RenewBefore != nil && c.Spec.RenewBefore.Duration < 3*before {
		before = c.Spec.RenewBefore.Duration
	}
	return leaf.NotAfter.Add(-before).Truncate(time.Second)
}

// issue puts a new certificate into the Secret.
func (p *pass) issue(c *certificate) error {
	from, duration, err := p.authorityOf(c)
	if err != nil {
		return err
	}
	data, err := from.issue(c, duration)
	if err != nil {
		return err
	}
	annotations := map[string]string{
		"cert-manager.io/certificate-name": c.Name, "cert-manager.io/common-name": c.Spec.CommonName,
		"cert-manager.io/alt-names":   strings.Join(c.Spec.DNSNames, ","),
		"cert-manager.io/issuer-name": c.Spec.IssuerRef.Name, "cert-manager.io/issuer-kind": issuerKind(c),
		"cert-manager.io/issuer-group": "cert-manager.io",
	}
	labels := map[string]string{"controller.cert-manager.io/fao": "true"}
	if t := c.Spec.SecretTemplate; t != nil {
		maps.Copy(annotations, t.Annotations)
		maps.Copy(labels, t.Labels)
	}
	return p.Apply(p.ctx, cluster.Secrets, &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: c.Spec.SecretName, Namespace: c.Namespace, Annotations: annotations, Labels: labels},
		Type:       corev1.SecretTypeTLS, Data: data,
	})
}

// authorityOf is who signs a Certificate, and for how long; it is an error when the issuer cannot.
func (p *pass) authorityOf(c *certificate) (*authority, time.Duration, error) {
	kind, namespace := Issuers, c.Namespace
	if issuerKind(c) == "ClusterIssuer" {
		kind, namespace = ClusterIssuers, ""
	}
	i := cluster.Find[issuer](p.Cluster, kind, namespace, c.Spec.IssuerRef.Name)
	if i == nil {
		return nil, 0, fmt.Errorf("referenced %q not found: %s.cert-manager.io %q not found", issuerKind(c), strings.ToLower(issuerKind(c)), c.Spec.IssuerRef.Name)
	}
	if !slices.ContainsFunc(i.Status.Conditions, func(x condition) bool { return x.Type == "Ready" && x.Status == "True" }) {
		return nil, 0, errors.New("referenced issuer does not have a Ready status condition")
	}
	duration := ninetyDays
	if c.Spec.Duration != nil {
		duration = c.Spec.Duration.Duration
	}
	switch {
	case i.Spec.SelfSigned != nil:
		return &authority{}, duration, nil
	case i.Spec.CA != nil:
		secret := cluster.Find[corev1.Secret](p.Cluster, cluster.Secrets, p.secretsOf(i), i.Spec.CA.SecretName)
		if secret == nil {
			return nil, 0, fmt.Errorf("secrets %q not found", i.Spec.CA.SecretName)
		}
		from, err := fromSecret(secret)
		return from, duration, err
	default:
		return p.public, ninetyDays, p.solve(i.Spec.ACME, p.secretsOf(i), c.Spec.DNSNames)
	}
}

func issuerKind(c *certificate) string {
	if c.Spec.IssuerRef.Kind == "" {
		return "Issuer"
	}
	return c.Spec.IssuerRef.Kind
}
