package rehearsal

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	edgeaccess "github.com/home-ops/home-ops/components/edge"
	"github.com/home-ops/home-ops/rack/addons/gateway/gatewayio"
)

var (
	gatewayKind = schema.GroupVersionResource{Group: gatewayio.GroupName, Version: "v1", Resource: "gateways"}
	secretKind  = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
)

// openGateways answers over TLS at the addresses of the stack's gateways, as Envoy would on the node that announces them. Of a
// request it tells the Service that it would have come to.
func (w *world) openGateways() error {
	of := w.stack.Edge.Gateways
	for name, addresses := range map[string][]netip.Addr{edgeaccess.InternalGateway: of.Internal, edgeaccess.ExternalGateway: of.External} {
		for _, address := range addresses {
			l, err := net.Listen("tcp", netip.AddrPortFrom(address, 443).String())
			if err != nil {
				return fmt.Errorf("gateway %s: %w", name, err)
			}
			server := &http.Server{ //nolint:gosec // nobody slow is in the room
				Handler: w.edge.requests(name),
				TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
					return w.edge.certificate(hello.Context(), name, address, hello.ServerName)
				}},
				// Who is refused is told so.
				ErrorLog: log.New(io.Discard, "", 0),
			}
			w.servers = append(w.servers, server)
			go func() { _ = server.ServeTLS(l, "", "") }()
		}
	}
	return nil
}

// requests are those that come to a gateway.
func (e *edge) requests(gateway string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		backend, err := e.behind(req.Context(), gateway, req.Host)
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		_, _ = fmt.Fprintf(w, "the rehearsal's gateway reached %s\n", backend.name)
	})
}

// certificate is what a gateway shows to whoever asks for a host at an address. It is an error where the gateway is not programmed,
// has another address, or no listener or no certificate for the host.
func (e *edge) certificate(ctx context.Context, name string, address netip.Addr, host string) (*tls.Certificate, error) {
	e.mu.Lock()
	config := e.cluster
	e.mu.Unlock()
	if config == nil {
		return nil, errors.New("there is no cluster yet")
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	var gateway gatewayio.Gateway
	if err := read(ctx, client.Resource(gatewayKind).Namespace(edgeaccess.Namespace), name, &gateway); err != nil {
		return nil, err
	}
	if !meta.IsStatusConditionTrue(gateway.Status.Conditions, gatewayio.Programmed) {
		return nil, fmt.Errorf("gateway %s is not programmed", name)
	}
	if !slices.ContainsFunc(gateway.Status.Addresses, func(a gatewayio.Address) bool { return a.Value == address.String() }) {
		return nil, fmt.Errorf("gateway %s does not have the address %s", name, address)
	}
	secret, err := secretFor(&gateway, host)
	if err != nil {
		return nil, err
	}
	var held corev1.Secret
	if err := read(ctx, client.Resource(secretKind).Namespace(gateway.Namespace), secret, &held); err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(held.Data[corev1.TLSCertKey], held.Data[corev1.TLSPrivateKeyKey])
	return &pair, err
}

// secretFor is the Secret with the certificate of the listener that answers a host.
func secretFor(gateway *gatewayio.Gateway, host string) (string, error) {
	for _, l := range gateway.Spec.Listeners {
		if l.Protocol != gatewayio.HTTPS || l.Port != 443 || l.TLS == nil || len(l.TLS.CertificateRefs) == 0 || !serves(l.Hostname, host) {
			continue
		}
		if slices.ContainsFunc(gateway.Status.Listeners, func(s gatewayio.ListenerStatus) bool {
			return s.Name == l.Name && meta.IsStatusConditionTrue(s.Conditions, gatewayio.Programmed) &&
				meta.IsStatusConditionTrue(s.Conditions, gatewayio.ResolvedRefs)
		}) {
			return l.TLS.CertificateRefs[0].Name, nil
		}
	}
	return "", fmt.Errorf("gateway %s has no listener for %s", gateway.Name, host)
}

// serves reports whether a listener of that name answers a host.
func serves(name *string, host string) bool {
	if name == nil || *name == "" || *name == host {
		return true
	}
	suffix, wild := strings.CutPrefix(*name, "*")
	return wild && len(host) > len(suffix) && strings.HasSuffix(host, suffix)
}

// read fills in an object of the cluster.
func read(ctx context.Context, in dynamic.ResourceInterface, name string, into any) error {
	object, err := in.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	return runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, into)
}
