// Package hostkeys knows the public ssh keys of the large Git servers, as they
// publish them. Flux refuses to clone over ssh from a server whose key it does not know.
package hostkeys

import (
	_ "embed"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

//go:embed known_hosts
var published string

// For is the known_hosts file for a repository that is cloned over ssh: what the
// stack gives, else the published keys of the repository's host.
func For(flux spec.Flux) string {
	if flux.KnownHosts != "" {
		return strings.TrimSpace(flux.KnownHosts) + "\n"
	}
	var lines strings.Builder
	for line := range strings.Lines(published) {
		if host, _, ok := strings.Cut(line, " "); ok && host == flux.Host() {
			lines.WriteString(line)
		}
	}
	return lines.String()
}
