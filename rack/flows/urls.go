package flows

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"
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
				for _, to := range c.at(address, p.Namespace) {
					l.need(End{Pod: p}, to, "it is told the address "+address)
				}
			}
		}
	}
}

// at is what a URL leads to, as a pod of the namespace sees it: the pods behind a Service, or an address outside. A name
// outside may be anybody's; it is taken for the internet.
func (c *Cluster) at(address, namespace string) []target {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || strings.Contains(u.Hostname(), "$") {
		return nil
	}
	port := portOf(u)
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		if ip.IsLoopback() {
			return nil
		}
		return []target{tcp(port, End{Address: ip, called: "the address that it is told"})}
	}
	if u.Hostname() == "localhost" {
		return nil
	}
	name, in, ok := c.inCluster(u.Hostname(), namespace)
	if !ok {
		return []target{tcp(port, c.internet()...)}
	}
	s := c.service(in, name)
	of, ok := servicePort(s, int32(port))
	if !ok {
		return nil
	}
	return c.backends(s, of)
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
