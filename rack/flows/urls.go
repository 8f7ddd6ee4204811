package flows

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// written finds addresses in a container's arguments and environment.
var written = regexp.MustCompile(`(?:https?|tls)://[^\s"',]+`)

// urls lets pods reach the addresses that they are told in arguments and environment.
func (c *Cluster) urls(l *list) {
	for _, p := range c.Pods {
		if p.Spec.HostNetwork {
			continue
		}
		for _, container := range p.containers() {
			words := append(append([]string{}, container.Args...), container.Command...)
			for _, variable := range container.Env {
				words = append(words, variable.Value)
			}
			for _, address := range written.FindAllString(strings.Join(words, "\n"), -1) {
				c.told(l, p, address, "it is told the address "+address)
			}
		}
	}
}

// told lets a pod reach an address.
func (c *Cluster) told(l *list, p *Pod, address, why string) {
	found, err := c.at(address, p.Namespace)
	l.lost(p.String()+": "+why, err)
	for _, to := range found {
		l.need(End{Pod: p}, to, why)
	}
}

// at is what a URL leads to, as a pod of the namespace sees it: the pods behind a Service, or an address outside. A name
// outside may be anybody's; it is taken for the internet.
func (c *Cluster) at(address, namespace string) ([]target, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return nil, fmt.Errorf("%q is no address", address)
	}
	if strings.Contains(u.Hostname(), "$") {
		return nil, nil // a variable, which has what it leads to in an address of its own
	}
	port := portOf(u)
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		if ip.IsLoopback() {
			return nil, nil
		}
		return []target{tcp(port, End{Address: ip, called: "the address that it is told"})}, nil
	}
	if u.Hostname() == "localhost" {
		return nil, nil
	}
	name, in, ok := c.inCluster(u.Hostname(), namespace)
	if !ok {
		return []target{tcp(port, c.internet()...)}, nil
	}
	if in == metav1.NamespaceDefault && name == "kubernetes" {
		return []target{tcp(apiPort, otherControlPlane, ownControlPlane)}, nil
	}
	return c.behind(in, name, int32(port))
}

// inCluster reads a host name as that of a Service.
func (c *Cluster) inCluster(host, namespace string) (name, in string, ok bool) {
	host = strings.TrimSuffix(strings.TrimSuffix(host, "."), "."+c.Stack.Cluster.DNSDomain)
	words := strings.Split(strings.TrimSuffix(host, ".svc"), ".")
	switch {
	case len(words) == 1:
		return words[0], namespace, true
	case len(words) == 2 && c.Namespaces[words[1]] != nil:
		return words[0], words[1], true
	}
	return "", "", false
}

func portOf(u *url.URL) uint16 {
	if u.Port() != "" {
		return mustPort(u.Port())
	}
	switch u.Scheme {
	case "http":
		return 80
	case "tls":
		return 853
	}
	return 443
}
