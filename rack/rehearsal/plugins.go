package rehearsal

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/rack/charts"
	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/rack/room"
)

// installPlugins puts the plugins where `pulumi plugin install` would, which also keeps the engine from warning about
// plugins on PATH; the language host has to be on PATH.
func installPlugins(config *room.Config, home, bin string) error {
	links := map[string]string{filepath.Join(bin, "pulumi-language-go"): config.LanguageHost.Path}
	for _, p := range config.Plugins {
		dir := filepath.Join(home, "plugins", fmt.Sprintf("resource-%s-%s", p.Name, p.Version))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("plugin %s: %w", p.Name, err)
		}
		links[filepath.Join(dir, "pulumi-resource-"+p.Name)] = p.Path
	}
	// For those who enter a kept rack.
	links[filepath.Join(bin, "kubectl")] = config.Kube
	links[filepath.Join(bin, "pulumi")] = config.Pulumi.Path
	for link, target := range links {
		if err := os.Symlink(target, link); err != nil && !errors.Is(err, os.ErrExist) {
			return fmt.Errorf("plugin: %w", err)
		}
	}
	return nil
}

// offlineEnvironment is the machine's own environment without anything of the operator's Pulumi or accounts, and with
// Go told that there is no network.
func offlineEnvironment(bin string) []string {
	var env []string
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		switch {
		case keeps[name]:
			env = append(env, entry)
		case name == "PATH":
			env = append(env, "PATH="+bin+string(os.PathListSeparator)+value)
		}
	}
	return append(env, "GOPROXY=off", "GOFLAGS=-mod=readonly -buildvcs=false", "GOTOOLCHAIN=local", "GOWORK=off")
}

// shellHabits are what people have in their shells for other programs. Pulumi's plugins see them, and what the program says
// must win: none of it is good for anything in the room.
func shellHabits() []string {
	return []string{
		"OP_SERVICE_ACCOUNT_TOKEN=ops_rehearsal", "OP_ACCOUNT=rehearsal.1password.com", "GITHUB_TOKEN=rehearsal",
		"CLOUDFLARE_API_TOKEN=rehearsal", "CLOUDFLARE_EMAIL=rehearsal@example.com", "KUBECONFIG=/nonexistent", "TALOSCONFIG=/nonexistent",
		"PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE=false", "PULUMI_K8S_ENABLE_SECRET_MUTABLE=false",
		"PULUMI_K8S_ENABLE_PATCH_FORCE=false", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS=false",
	}
}

// keeps are the variables that a program needs to run and Go needs to find what it has compiled.
var keeps = map[string]bool{
	"HOME": true, "USER": true, "LANG": true, "TMPDIR": true, "TERM": true,
	"GOCACHE": true, "GOMODCACHE": true, "GOPATH": true, "GOROOT": true, "GOENV": true, "CGO_ENABLED": true, "CC": true,
}

func pluginsKind(config *room.Config) report.Kind {
	for _, p := range config.Plugins {
		if p.Kind != report.Genuine {
			return report.StandIn
		}
	}
	return report.Genuine
}

// chartParts says of each chart how true it is; stand-ins are one part.
func chartParts(all []charts.Chart) []report.Part {
	var parts []report.Part
	standIns := 0
	for _, c := range all {
		if !c.Genuine {
			standIns++
			continue
		}
		parts = append(parts, report.Part{Name: "chart " + c.Name() + " " + c.Version, Kind: report.Genuine})
	}
	if standIns > 0 {
		parts = append(parts, report.Part{Name: fmt.Sprintf("Helm charts, %d of %d", standIns, len(all)), Kind: report.StandIn})
	}
	return parts
}

// parts says of each part how true it is.
func parts(config *room.Config) []report.Part {
	all := []report.Part{
		{Name: "pulumi engine", Kind: report.Real},
		{Name: "program", Kind: report.Real},
		{Name: "stack file", Kind: report.Real},
		{Name: "etcd", Kind: report.Real},
		{Name: "kube-apiserver", Kind: report.Real},
		{Name: "kube-controller-manager", Kind: report.Real},
		{Name: "kube-scheduler", Kind: report.Real},
		{Name: "KWOK pod controllers", Kind: report.Real},
		{Name: "Git server", Kind: report.Real},
		{Name: "Talos nodes", Kind: report.Simulated},
		{Name: "kubelets", Kind: report.Simulated},
		{Name: "virtual IP", Kind: report.Simulated},
		{Name: "image factory", Kind: report.Simulated},
		{Name: "chart registries", Kind: report.StandIn},
		{Name: "admission webhooks of charts: none is asked", Kind: report.Simulated},
		{Name: "custom resource definitions, generated", Kind: report.Real},
		{Name: "operators in the cluster, but for those named below", Kind: report.Simulated},
		{Name: "GitHub API", Kind: report.StandIn},
		{Name: "Cloudflare API", Kind: report.StandIn},
		{Name: "1Password Connect", Kind: report.StandIn},
		{Name: "data path of public requests", Kind: report.Simulated},
		{Name: "Cilium's policy engine", Kind: report.Real},
		{Name: "go language host", Kind: config.LanguageHost.Kind},
	}
	for _, name := range slices.Sorted(maps.Keys(config.Flux.Versions)) {
		all = append(all, report.Part{Name: name + " " + config.Flux.Versions[name], Kind: report.Real})
	}
	if config.Genuine != nil {
		for _, name := range slices.Sorted(maps.Keys(config.Genuine.Versions)) {
			all = append(all, report.Part{Name: name + " " + config.Genuine.Versions[name], Kind: report.Real})
		}
	}
	for _, p := range config.Plugins {
		all = append(all, report.Part{Name: p.Name + " plugin " + p.Version, Kind: p.Kind})
	}
	return all
}
