package talos

import (
	"net/url"
	"regexp"
	"strings"
)

// serverLine is where a kubeconfig as Talos writes it names the API.
var serverLine = regexp.MustCompile(`(?m)^(\s*server: )(\S+)$`)

// withServer is a kubeconfig that leads to another server; empty leaves it as it is.
func withServer(kubeconfig, server string) string {
	wanted, err := url.Parse(server)
	if err != nil || server == "" {
		return kubeconfig
	}
	return serverLine.ReplaceAllStringFunc(kubeconfig, func(line string) string {
		is := serverLine.FindStringSubmatch(line)
		if u, err := url.Parse(strings.Trim(is[2], `"`)); err == nil && u.Host == wanted.Host {
			return line
		}
		return is[1] + server
	})
}
