package rehearsal

import (
	"context"
	"crypto/tls"
	stdx509 "crypto/x509"
	"errors"
	"io"
	"log"
	"net/http"
	"net/netip"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	talossecrets "github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"k8s.io/client-go/rest"

	"github.com/home-ops/home-ops/rack/kube/pki"
	"github.com/home-ops/home-ops/spec"
)

// apiServer answers as one does whose certificate is of one CA, and that takes certificates of some, and every token.
func (b *broken) apiServer(of *talossecrets.Bundle, takes ...*talossecrets.Bundle) {
	b.t.Helper()
	address := netip.AddrFrom4([4]byte{127, 0, 10, byte(rotatedMachines.Add(1))})
	pair, err := pki.Issue(of.Certs.K8s, pki.Leaf{CommonName: "kube-apiserver", Addresses: []netip.Addr{address}, Server: true, Lifetime: time.Hour})
	if err != nil {
		b.t.Fatal(err)
	}
	own, err := tls.X509KeyPair(pair.Crt, pair.Key)
	if err != nil {
		b.t.Fatal(err)
	}
	callers := stdx509.NewCertPool()
	for _, bundle := range takes {
		callers.AppendCertsFromPEM(bundle.Certs.K8s.Crt)
	}
	l, err := tls.Listen("tcp", address.String()+":"+spec.APIPort, &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12})
	if err != nil {
		b.t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Header.Get("Authorization") != "" {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","message":"Forbidden","code":403}`)
			return
		}
		for _, shown := range r.TLS.PeerCertificates {
			if _, err := shown.Verify(stdx509.VerifyOptions{Roots: callers, KeyUsages: []stdx509.ExtKeyUsage{stdx509.ExtKeyUsageClientAuth}}); err == nil {
				_, _ = io.WriteString(w, `{"kind":"NodeList","apiVersion":"v1","items":[]}`)
				return
			}
		}
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Unauthorized","message":"Unauthorized","code":401}`)
	})}
	b.end = func() { _ = server.Close() }
	b.t.Cleanup(b.end)
	go func() { _ = server.Serve(l) }()
	b.rack.nodes = []*machine{{spec: spec.Node{Name: "cp-1", Role: spec.RoleControlPlane, Address: address}}}
}

// kubeconfig is an administrator's, who believes the one that issued it.
func (b *broken) kubeconfig(of *talossecrets.Bundle) *rest.Config {
	b.t.Helper()
	pair, err := pki.Issue(of.Certs.K8s, pki.Leaf{CommonName: "admin", Organization: "system:masters", Client: true, Lifetime: time.Hour})
	if err != nil {
		b.t.Fatal(err)
	}
	return &rest.Config{TLSClientConfig: rest.TLSClientConfig{CAData: of.Certs.K8s.Crt, CertData: pair.Crt, KeyData: pair.Key}}
}

// podBelieving is a pod's way to the API server that is played.
func (b *broken) podBelieving(authority *talossecrets.Bundle) *rest.Config {
	host := "https://127.0.0.1:1"
	if len(b.rack.nodes) > 0 {
		host = "https://" + netip.AddrPortFrom(b.rack.nodes[0].spec.Address, 6443).String()
	}
	return &rest.Config{Host: host, BearerToken: "token", TLSClientConfig: rest.TLSClientConfig{CAData: authority.Certs.K8s.Crt}}
}

func turnedKubernetesWell(b *broken) {
	_, now := twoCAs()
	b.apiServer(now, now)
}

func looksAtKubeconfigs(ctx context.Context, b *broken) {
	former, now := twoCAs()
	b.kubeconfigsTurned(ctx, b.kubeconfig(former), b.kubeconfig(now))
}

func looksAtPods(ctx context.Context, b *broken) {
	former, now := twoCAs()
	b.podsTurned(ctx, b.podBelieving(former), b.podBelieving(now), nil)
}

var issuingKubernetes = kubernetesCA.steps()[1]

// redRotateKubernetes are lines about a rotation of the Kubernetes CA.
var redRotateKubernetes = []red{
	{
		line: "the Kubernetes CA is another one, everywhere", fault: "an API server shows a certificate of the former", want: "certificate signed by unknown authority",
		whole: turnedKubernetesWell, damage: instead(func(b *broken, former, now *talossecrets.Bundle) { b.apiServer(former, now) }), do: looksAtKubeconfigs,
	},
	{
		line: "the Kubernetes CA is another one, everywhere", fault: "an API server does not take the new kubeconfig", want: "Unauthorized",
		whole: turnedKubernetesWell, damage: instead(func(b *broken, former, now *talossecrets.Bundle) { b.apiServer(now, former) }), do: looksAtKubeconfigs,
	},
	{
		line: "the Kubernetes CA is another one, everywhere", fault: "it is the same", want: "its certificate is of the former CA",
		damage: turnedKubernetesWell,
		do: func(ctx context.Context, b *broken) {
			_, now := twoCAs()
			b.kubeconfigsTurned(ctx, b.kubeconfig(now), b.kubeconfig(now))
		},
	},
	{
		line: "the former Kubernetes CA opens nothing any more", fault: "an API server still takes it", want: "takes the former kubeconfig's certificate",
		whole: turnedKubernetesWell, damage: instead(func(b *broken, former, now *talossecrets.Bundle) { b.apiServer(now, now, former) }), do: looksAtKubeconfigs,
	},
	{
		line: "the former Kubernetes CA opens nothing any more", fault: "nobody answers", want: "does not say that it refuses the certificate",
		damage: instead(func(b *broken, _, now *talossecrets.Bundle) { b.apiServer(now, now); b.end() }), do: looksAtKubeconfigs,
	},
	{
		line: "the former Kubernetes CA opens nothing any more", fault: "there is no control plane", want: "there is no control plane",
		damage: func(*broken) {}, do: looksAtKubeconfigs,
	},
	{
		line: "pods that are restarted know the next Kubernetes CA", fault: "a pod that starts is told of the former", want: "certificate signed by unknown authority",
		whole: turnedKubernetesWell, damage: instead(func(b *broken, former, now *talossecrets.Bundle) { b.apiServer(former, now) }), do: looksAtPods,
	},
	{
		line: "pods that are restarted know the next Kubernetes CA", fault: "nothing shows the next one", want: "nobody shows a certificate of the next one",
		damage: turnedKubernetesWell,
		do: func(ctx context.Context, b *broken) {
			_, now := twoCAs()
			b.podsTurned(ctx, b.podBelieving(now), b.podBelieving(now), nil)
		},
	},
	{
		line: "pods that are restarted know the next Kubernetes CA", fault: "they do not come back", want: "deployment default/web is not exchanged yet",
		damage: turnedKubernetesWell,
		do: func(ctx context.Context, b *broken) {
			former, now := twoCAs()
			b.podsTurned(ctx, b.podBelieving(former), b.podBelieving(now), errors.New("deployment default/web is not exchanged yet"))
		},
	},
	{
		line: "the new break-glass copy opens the API servers", fault: "its machine secrets are the former", want: "certificate signed by unknown authority",
		whole: func(b *broken) {
			turnedKubernetesWell(b)
			_, now := twoCAs()
			b.opened(now, now)
		},
		damage: func(b *broken) {
			former, now := twoCAs()
			b.opened(now, former)
		},
		do: func(ctx context.Context, b *broken) { b.copyOpensAPI(ctx, b.config.Dir+"/opened") },
	},
	{
		line: "the next Kubernetes CA issues: a preview says so", fault: "the kubeconfig stays the former", want: "1 that are replaced",
		whole: func(b *broken) {
			b.foreseen(issuingKubernetes, map[apitype.OpType]int{apitype.OpReplace: 1, apitype.OpUpdate: 6}, nil)
		},
		damage: func(b *broken) {
			b.report.Checks = nil
			b.foreseen(issuingKubernetes, map[apitype.OpType]int{apitype.OpUpdate: 6}, nil)
		},
		do: func(context.Context, *broken) {},
	},
}
