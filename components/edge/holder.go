package edge

import (
	acmev1 "github.com/cert-manager/cert-manager/pkg/apis/acme/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/spec"
)

// holder is who holds the domain's public records, as external-dns and cert-manager know
// them.
type holder struct {
	// name is external-dns's own name of it, and the end of its release's name.
	name, release string
	// zone is the zone's name. external-dns finds a zone by it, also where the domain is a
	// subdomain of it.
	zone string
	// secret is the Secret with the credential, in both namespaces, and key its key.
	secret, key string
	// value is the late value that the credential is.
	value string
	// env and args are those of external-dns.
	env  []corev1.EnvVar
	args []string
	// solver is how cert-manager proves the domain.
	solver acmev1.ACMEChallengeSolverDNS01
}

// holderOf is who holds a stack's public records; nil where nobody does.
func holderOf(stack *spec.Stack) *holder {
	switch e := stack.Edge; {
	case e.Cloudflare != nil:
		return cloudflareHolder(stack)
	case e.DNS.DigitalOcean != nil:
		return digitalOceanHolder(e.DNS.DigitalOcean)
	case e.DNS.Route53 != nil:
		holder := route53Holder(e.DNS.Route53)
		for _, domain := range e.Domains {
			holder.args = append(holder.args, "--zone-id-filter="+domain.HostedZoneID)
		}
		return holder
	}
	return nil
}

func cloudflareHolder(stack *spec.Stack) *holder {
	const secret = "cloudflare-api-token"
	h := &holder{
		name: "cloudflare", release: publicDNS + "cloudflare", zone: stack.Edge.Cloudflare.Zone,
		secret: secret, key: tokenKey, value: valueClusterToken,
		env:  []corev1.EnvVar{fromSecret("CF_API_TOKEN", secret, tokenKey)},
		args: []string{"--cloudflare-dns-records-per-page=1000"},
		solver: acmev1.ACMEChallengeSolverDNS01{Cloudflare: &acmev1.ACMEIssuerDNS01ProviderCloudflare{
			APIToken: ptr(secretKey(secret, tokenKey)),
		}},
	}
	if tunnelled(stack) {
		h.args = append(h.args, "--cloudflare-proxied")
	}
	return h
}

// digitalOceanHolder follows
// https://kubernetes-sigs.github.io/external-dns/latest/docs/tutorials/digitalocean/ and
// https://cert-manager.io/docs/configuration/acme/dns01/digitalocean/.
func digitalOceanHolder(d *spec.DigitalOcean) *holder {
	const secret = "digitalocean-api-token"
	return &holder{
		name: "digitalocean", release: publicDNS + "digitalocean", zone: d.Zone,
		secret: secret, key: tokenKey, value: valueDNSCredential,
		env: []corev1.EnvVar{fromSecret("DO_TOKEN", secret, tokenKey)},
		// The most that a page may have; the default of 50 costs a request for each.
		args: []string{"--digitalocean-api-page-size=200"},
		solver: acmev1.ACMEChallengeSolverDNS01{DigitalOcean: &acmev1.ACMEIssuerDNS01ProviderDigitalOcean{
			Token: secretKey(secret, tokenKey),
		}},
	}
}

// route53Holder follows
// https://kubernetes-sigs.github.io/external-dns/latest/docs/tutorials/aws/ and
// https://cert-manager.io/docs/configuration/acme/dns01/route53/.
func route53Holder(r *spec.Route53) *holder {
	const secret, key = "route53-access-key", "secret-access-key"
	return &holder{
		name: "aws", release: publicDNS + "route53", zone: r.Zone,
		secret: secret, key: key, value: valueDNSCredential,
		env: []corev1.EnvVar{
			{Name: "AWS_ACCESS_KEY_ID", Value: r.AccessKeyID},
			{Name: "AWS_DEFAULT_REGION", Value: r.Region},
			fromSecret("AWS_SECRET_ACCESS_KEY", secret, key),
		},
		// A private zone may have the same name; names of the public belong into this one.
		args: []string{"--aws-zone-type=public", "--zone-id-filter=" + r.HostedZoneID},
		solver: acmev1.ACMEChallengeSolverDNS01{Route53: &acmev1.ACMEIssuerDNS01ProviderRoute53{
			AccessKeyID: r.AccessKeyID, SecretAccessKey: secretKey(secret, key),
			Region: r.Region, HostedZoneID: r.HostedZoneID,
		}},
	}
}
