package talos

import (
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/url"
	"regexp"
	"slices"
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

// trustLine is where a kubeconfig as Talos writes it has the certificates of those who may sign the API's.
var trustLine = regexp.MustCompile(`(?m)^(\s*certificate-authority-data: )(\S+)$`)

// withTrust is a kubeconfig that believes these authorities, whose certificates are PEM. One that believes the same already
// stays as it is, to the letter: whatever has it would change otherwise.
func withTrust(kubeconfig string, authorities []byte) (string, error) {
	var failed error
	with := trustLine.ReplaceAllStringFunc(kubeconfig, func(line string) string {
		is := trustLine.FindStringSubmatch(line)
		believed, err := base64.StdEncoding.DecodeString(strings.Trim(is[2], `"`))
		if err != nil {
			failed = fmt.Errorf("kubeconfig: certificate-authority-data: %w", err)
		}
		if err != nil || slices.Equal(certificatesIn(believed), certificatesIn(authorities)) {
			return line
		}
		return is[1] + base64.StdEncoding.EncodeToString(authorities)
	})
	return with, failed
}

// certificatesIn are the certificates of a bundle, sorted.
func certificatesIn(bundle []byte) []string {
	var all []string
	for {
		var block *pem.Block
		if block, bundle = pem.Decode(bundle); block == nil {
			slices.Sort(all)
			return all
		}
		all = append(all, string(block.Bytes))
	}
}
