package controlplane

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/home-ops/home-ops/rack/kube/flags"
)

// cipherSuites are what Talos lets the API server offer to TLS 1.2 clients.
const cipherSuites = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256," +
	"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305," +
	"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,TLS_RSA_WITH_AES_256_GCM_SHA384,TLS_RSA_WITH_AES_128_GCM_SHA256"

// apiServer follows
// https://github.com/siderolabs/talos/blob/v1.11.1/internal/app/machined/pkg/controllers/k8s/control_plane_static_pod.go.
func (p Plane) apiServer() (Component, error) {
	account, dir := p.Config.K8sServiceAccountConfig(), p.dir(APIServerName)
	if account == nil {
		return Component{}, errors.New("cluster.serviceAccount.key is missing")
	}
	server := p.Config.K8sAPIServerConfig()
	files, err := p.apiServerFiles()
	if err != nil {
		return Component{}, err
	}
	set := flags.Set{
		"admission-control-config-file":      filepath.Join(dir, admissionFile),
		"allow-privileged":                   "true",
		"api-audiences":                      strings.Join(account.APIAudiences(), ","),
		"audit-log-maxage":                   "30",
		"audit-log-maxbackup":                "10",
		"audit-log-maxsize":                  "100",
		"audit-log-path":                     filepath.Join(p.Dir, "log", "audit", "kube", "kube-apiserver.log"),
		"audit-policy-file":                  filepath.Join(dir, auditFile),
		"client-ca-file":                     p.secret("accepted-ca.crt"),
		"enable-admission-plugins":           "NodeRestriction",
		"enable-bootstrap-token-auth":        "true",
		"encryption-provider-config":         p.secret("encryptionconfig.yaml"),
		"etcd-cafile":                        p.secret("etcd-client-ca.crt"),
		"etcd-certfile":                      p.secret("etcd-client.crt"),
		"etcd-keyfile":                       p.secret("etcd-client.key"),
		"etcd-servers":                       p.EtcdURL,
		"kubelet-client-certificate":         p.secret("apiserver-kubelet-client.crt"),
		"kubelet-client-key":                 p.secret("apiserver-kubelet-client.key"),
		"kubelet-preferred-address-types":    "InternalIP,ExternalIP,Hostname",
		"profiling":                          "false",
		"proxy-client-cert-file":             p.secret("front-proxy-client.crt"),
		"proxy-client-key-file":              p.secret("front-proxy-client.key"),
		"requestheader-allowed-names":        "front-proxy-client",
		"requestheader-client-ca-file":       p.secret("aggregator-ca.crt"),
		"requestheader-extra-headers-prefix": "X-Remote-Extra-",
		"requestheader-group-headers":        "X-Remote-Group",
		"requestheader-username-headers":     "X-Remote-User",
		"secure-port":                        strconv.Itoa(p.Port()),
		"service-account-issuer":             account.IssuerURL(),
		"service-account-key-file":           p.secret("service-account.pub"),
		"service-account-signing-key-file":   p.secret("service-account.key"),
		"service-cluster-ip-range":           joined(p.Config.K8sNetworkConfig().ServiceCIDRs()),
		"tls-cert-file":                      p.secret("apiserver.crt"),
		"tls-cipher-suites":                  cipherSuites,
		"tls-min-version":                    "VersionTLS12",
		"tls-private-key-file":               p.secret("apiserver.key"),
	}
	if !p.Config.K8sNodeConfig().SkipNodeRegistration() {
		set["advertise-address"] = p.Address.String()
	}
	if server.UseAuthenticationConfig() {
		set["authentication-config"] = filepath.Join(dir, loginFile)
	} else {
		set["anonymous-auth"] = "false"
	}
	extra := server.ExtraArgs()
	if authorizationByFlags(extra) {
		set["authorization-mode"] = "Node,RBAC"
		delete(files, authorizationFile)
	} else {
		set["authorization-config"] = filepath.Join(dir, authorizationFile)
	}
	if err := set.Merge(extra,
		flags.Add("enable-admission-plugins", "feature-gates", "authorization-mode", "tls-cipher-suites"),
		flags.Deny("etcd-servers", "client-ca-file", "requestheader-client-ca-file", "proxy-client-cert-file", "proxy-client-key-file",
			"encryption-provider-config", "etcd-cafile", "etcd-certfile", "etcd-keyfile", "kubelet-client-certificate",
			"kubelet-client-key", "service-account-key-file", "service-account-signing-key-file", "tls-cert-file",
			"tls-private-key-file", "authorization-config"),
	); err != nil {
		return Component{}, fmt.Errorf("cluster.apiServer.extraArgs: %w", err)
	}
	set["bind-address"] = p.Address.String()
	// The servers of charts' admission webhooks do not run; every request that one is asked about would fail.
	set["disable-admission-plugins"] = "MutatingAdmissionWebhook,ValidatingAdmissionWebhook"
	return Component{
		Name: APIServerName, Args: set.Args(), Files: files, Dir: dir, HealthURL: p.URL() + "/readyz", Image: server.Image(),
	}, nil
}

// authorizationByFlags tells a config that says with flags who may do what; Talos then writes no authorization file.
func authorizationByFlags(extra map[string][]string) bool {
	for name := range extra {
		if name == "authorization-mode" || strings.HasPrefix(name, "authorization-webhook-") {
			return true
		}
	}
	return false
}

// joined is a list of networks as a flag takes it.
func joined(networks []netip.Prefix) string {
	texts := make([]string, 0, len(networks))
	for _, network := range networks {
		texts = append(texts, network.String())
	}
	return strings.Join(texts, ",")
}
