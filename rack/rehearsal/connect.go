package rehearsal

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
)

// connectInCluster is where the Connect server answers whose pod is in the cluster: the room has no cluster DNS.
const connectInCluster = "127.0.0.1:8085"

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
