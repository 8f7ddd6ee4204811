package edge

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/spec"
)

type externalDNS struct {
	FullName      string   `json:"fullnameOverride"`
	Provider      provider `json:"provider"`
	Sources       []string `json:"sources"`
	DomainFilters []string `json:"domainFilters"`
	TXTOwnerID    string   `json:"txtOwnerId"`
	// GatewayNamespace leaves out gateways of other namespaces.
	GatewayNamespace string          `json:"gatewayNamespace"`
	ExtraArgs        []string        `json:"extraArgs,omitempty"`
	Env              []corev1.EnvVar `json:"env,omitempty"`
}

type provider struct {
	Name    string   `json:"name"`
	Webhook *webhook `json:"webhook,omitempty"`
}

type webhook struct {
	Image          image           `json:"image"`
	Env            []corev1.EnvVar `json:"env"`
	ReadinessProbe httpProbe       `json:"readinessProbe"`
}

type image struct {
	Repository string `json:"repository"`
	Tag        string `json:"tag"`
}

type httpProbe struct {
	HTTPGet httpGet `json:"httpGet"`
}

type httpGet struct {
	Path string `json:"path"`
	Port string `json:"port"`
}

// publicDNSValues are the values of the external-dns that publishes names on the
// internet. It looks at routes of the external gateway and at nothing else: neither at
// other gateways nor at Services, whatever is written on them.
func publicDNSValues(stack *spec.Stack, holder *holder) (map[string]any, error) {
	v := externalDNSFor(stack, holder.release)
	v.Provider = provider{Name: holder.name}
	v.DomainFilters = append([]string{holder.zone}, furtherZones(stack)...)
	v.Sources = []string{"gateway-httproute"}
	v.ExtraArgs = append([]string{"--gateway-name=" + ExternalGateway}, holder.args...)
	v.Env = holder.env
	return valuesOver("external-dns.yaml", v)
}

// homeDNSValues are the values of the external-dns that publishes names at the home's
// router: those of routes of both gateways, and of Services with a host name among their
// annotations, such as the external gateway's.
func homeDNSValues(stack *spec.Stack) (map[string]any, error) {
	unifi := stack.Edge.DNS.UniFi
	v := externalDNSFor(stack, homeDNS)
	v.Sources = []string{"gateway-httproute", "service"}
	v.Provider = provider{Name: "webhook", Webhook: &webhook{
		Image: image{
			Repository: "ghcr.io/kashalls/external-dns-unifi-webhook",
			Tag:        string(stack.Versions.ExternalDNSUniFi),
		},
		Env: []corev1.EnvVar{
			{Name: "UNIFI_HOST", Value: unifi.URL},
			{Name: "UNIFI_SITE", Value: unifi.Site},
			{Name: "UNIFI_SKIP_TLS_VERIFY", Value: strconv.FormatBool(unifi.SkipTLSVerify)},
			fromSecret("UNIFI_API_KEY", unifiKey, unifiKeyKey),
		},
		ReadinessProbe: httpProbe{httpGet{Path: "/readyz", Port: "http-webhook"}},
	}}
	return valuesOver("external-dns.yaml", v)
}

// furtherZones are the zones of the further domains.
func furtherZones(stack *spec.Stack) []string {
	var zones []string
	for _, domain := range stack.Edge.Domains {
		zones = append(zones, domain.Zone)
	}
	return zones
}

func externalDNSFor(stack *spec.Stack, name string) externalDNS {
	return externalDNS{
		FullName:         name,
		DomainFilters:    stack.Domains(),
		TXTOwnerID:       stack.Edge.DNS.TXTOwnerID,
		GatewayNamespace: Namespace,
	}
}

func fromSecret(variable, secret, key string) corev1.EnvVar {
	return corev1.EnvVar{Name: variable, ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: secret}, Key: key,
	}}}
}
