package rehearsal

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/home-ops/home-ops/components/secretstore"
	"github.com/home-ops/home-ops/rack/kube/forward"
	"github.com/home-ops/home-ops/spec"
)

// connectInCluster is where the Connect server answers whose pod is in the cluster: the room has no cluster DNS.
const connectInCluster = "127.0.0.1:8085"

// connectServiceAddress is the one address that the name of Connect's Service in the cluster has in the room.
var connectServiceAddress = netip.MustParseAddr("127.0.0.85")

// connectAddress is where 1Password Connect answers: where the stack file says, if it is outside the cluster.
func (w *world) connectAddress() (string, error) {
	host := w.stack.Secrets.OnePassword.ConnectHost
	if host == "" {
		return connectInCluster, nil
	}
	u, err := url.Parse(host)
	if err != nil || u.Scheme != "http" {
		return "", fmt.Errorf("secrets.onePassword.connectHost: the rehearsal serves http alone, not %s", host)
	}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port), nil
}

// connectURL is where a store's Connect server is found from outside the cluster.
func (w *world) connectURL(host string) string {
	if w.stack.Secrets.OnePassword.ConnectHost == "" {
		return "http://" + connectInCluster
	}
	return host
}

// connectHost is the address of Connect's machine, if the stack file gives one.
func connectHost(host string) netip.Addr {
	u, err := url.Parse(host)
	if err != nil {
		return netip.Addr{}
	}
	address, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		return netip.Addr{}
	}
	return address
}

// connectService is the Service by which programs find the Connect server in the cluster: it answers while a pod stands behind it.
type connectService struct {
	name string
	*forward.Forwarder
}

// connectServiceOf is nil for a stack that has no Connect in the cluster.
func connectServiceOf(stack *spec.Stack, log *slog.Logger) *connectService {
	u := connectServiceURL(stack)
	if u == nil {
		return nil
	}
	name, _, _ := strings.Cut(u.Hostname(), ".")
	return &connectService{name, forward.New(net.JoinHostPort(connectServiceAddress.String(), u.Port()), log)}
}

// connectServiceURL is where a stack's own Connect server is, by its name in the cluster; nil for a stack without one.
func connectServiceURL(stack *spec.Stack) *url.URL {
	if o := stack.Secrets.OnePassword; o == nil || o.ConnectHost != "" {
		return nil
	}
	u, err := url.Parse(secretstore.ConnectURL(stack))
	if err != nil {
		return nil // the program's own would be none, either
	}
	return u
}

// look makes the Service lead to the Connect server, or nowhere.
func (s *connectService) look(ctx context.Context, client kubernetes.Interface) error {
	list, err := client.DiscoveryV1().EndpointSlices(secretstore.Namespace).
		List(ctx, metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + s.name})
	if err != nil {
		return fmt.Errorf("endpoints of service %s/%s: %w", secretstore.Namespace, s.name, err)
	}
	if slices.ContainsFunc(list.Items, hasReady) {
		s.SetTargets(connectInCluster)
	} else {
		s.SetTargets()
	}
	return nil
}

func hasReady(slice discoveryv1.EndpointSlice) bool {
	return slices.ContainsFunc(slice.Endpoints, func(e discoveryv1.Endpoint) bool { return e.Conditions.Ready == nil || *e.Conditions.Ready })
}
