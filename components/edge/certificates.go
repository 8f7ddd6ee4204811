package edge

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/edge/objects"
	"github.com/home-ops/home-ops/components/edge/values"
	"github.com/home-ops/home-ops/internal/helm"
	"github.com/home-ops/home-ops/internal/manifest"
	"github.com/home-ops/home-ops/spec"
)

// certManagerChart is cert-manager's chart.
const certManagerChart = "oci://quay.io/jetstack/charts/cert-manager"

// certificates has cert-manager sign the gateways' certificate. Nothing here waits
// until it has: an authority that is away for an hour is no reason for an update to
// fail, and a gateway takes up its certificate whenever it comes.
func (b *builder) certificates(a *account) (issuer, certificate *manifest.Resource, err error) {
	chartValues, err := values.CertManager(b.stack)
	if err != nil {
		return nil, nil, err
	}
	release, err := b.release(&helm.Args{
		Name:      "cert-manager",
		Chart:     certManagerChart,
		Version:   string(b.stack.Versions.CertManager),
		Namespace: objects.CertManagerNamespace,
		Values:    pulumi.ToMap(chartValues),
	}, b.certManager)
	if err != nil {
		return nil, nil, err
	}
	needs, err := b.issuerNeeds(a, release)
	if err != nil {
		return nil, nil, err
	}
	if issuer, err = b.object("issuer", objects.Issuer(b.stack), append(needs, release)...); err != nil {
		return nil, nil, err
	}
	certificate, err = b.object("certificate", objects.Certificate(b.stack), b.network, issuer)
	return issuer, certificate, err
}

// issuerNeeds is what the issuer signs with.
func (b *builder) issuerNeeds(a *account, release *helm.Release) ([]pulumi.Resource, error) {
	switch {
	case b.stack.Edge.Certificates.Issuer == spec.IssuerLetsEncrypt:
		token, err := b.secret("cert-manager-token", objects.CertManagerNamespace,
			objects.CloudflareToken, objects.TokenKey, a.clusterToken, b.certManager)
		return []pulumi.Resource{token}, err
	case objects.GeneratesAuthority(b.stack):
		var made []pulumi.Resource
		for _, object := range objects.Authority() {
			resource, err := b.object(object.Name, object.Body, append(made, release)...)
			if err != nil {
				return nil, err
			}
			made = append(made, resource)
		}
		return made, nil
	default:
		authority, err := manifest.NewWith(b.ctx, b.name+"-authority", &corev1.Secret{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
			ObjectMeta: metav1.ObjectMeta{Namespace: objects.CertManagerNamespace, Name: objects.AuthoritySecret},
			Type:       corev1.SecretTypeTLS,
		}, []manifest.Field{
			{Path: []string{"stringData", corev1.TLSCertKey}, Value: b.args.CACert},
			{Path: []string{"stringData", corev1.TLSPrivateKeyKey}, Value: b.args.CAKey},
		}, b.options(pulumi.DependsOn([]pulumi.Resource{b.certManager}))...)
		return []pulumi.Resource{authority}, err
	}
}
