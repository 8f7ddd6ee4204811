package launch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/rack/room"
)

// standIns are the plugins that the rack can play itself.
var standIns = map[string]bool{"talos": true, "kubernetes": true, "cloudflare": true, "github": true, "onepassword": true}

// requiredPlugins asks the program's modules which provider plugins they need, as Pulumi's language host does: each
// SDK says so in its pulumi-plugin.json, and so does a package of the program's own that takes an SDK's place.
func requiredPlugins(ctx context.Context, project string) ([]room.Plugin, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-f", "{{$dir := .Dir}}{{with .Module}}{{.Path}}\t{{.Version}}\t{{if .Main}}{{$dir}}{{else}}{{.Dir}}{{end}}{{end}}", ".")
	cmd.Dir = project
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("reading the program's modules: %w\n%s", err, said.String())
	}
	seen := map[string]bool{}
	var plugins []room.Plugin
	for line := range strings.Lines(string(out)) {
		module, rest, ok := strings.Cut(strings.TrimSpace(line), "\t")
		version, dir, _ := strings.Cut(rest, "\t")
		if !ok || seen[dir] || (version != "" && !strings.Contains(module, "pulumi")) {
			continue
		}
		seen[dir] = true
		plugin, ok, err := pluginOf(dir, version)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", module, err)
		}
		if ok {
			plugins = append(plugins, plugin)
		}
	}
	return plugins, nil
}

// pluginOf reads pulumi-plugin.json, which lies beside the package or one or two folders below the module.
func pluginOf(dir, version string) (room.Plugin, bool, error) {
	for _, pattern := range []string{"pulumi-plugin.json", "go/*/pulumi-plugin.json", "*/pulumi-plugin.json"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return room.Plugin{}, false, err
		}
		if len(found) == 0 {
			continue
		}
		data, err := os.ReadFile(found[0])
		if err != nil {
			return room.Plugin{}, false, err
		}
		var said struct {
			Resource      bool
			Name, Version string
		}
		if err := json.Unmarshal(data, &said); err != nil {
			return room.Plugin{}, false, fmt.Errorf("%s: %w", found[0], err)
		}
		if said.Version != "" {
			version = "v" + strings.TrimPrefix(said.Version, "v")
		}
		return room.Plugin{Name: said.Name, Version: version}, said.Resource && said.Name != "", nil
	}
	return room.Plugin{}, false, nil
}

// finder looks for genuine programs before it takes a stand-in.
type finder struct {
	// chosen is the directory that the person named with PLUGINS; empty for none.
	chosen string
	// pulumiHome is where Pulumi installs plugins.
	pulumiHome string
	// pulumi is the pulumi on PATH, beside which a real install has its language hosts; empty for none.
	pulumi string
	// standIn is where the rack's own plugins are built.
	standIn string
}

func (f finder) plugin(p room.Plugin) (room.Plugin, error) {
	program := "pulumi-resource-" + p.Name
	places := []string{
		filepath.Join(f.pulumiHome, "plugins", fmt.Sprintf("resource-%s-%s", p.Name, p.Version), program),
	}
	found, err := f.genuine(program, places)
	if err != nil {
		return p, err
	}
	if found != "" {
		p.Binary = room.Binary{Path: found, Kind: report.Genuine}
		return p, nil
	}
	if !standIns[p.Name] {
		return p, fmt.Errorf("the program needs the %s plugin %s, and the rack has no stand-in for it; install it with `pulumi plugin install resource %s %s`",
			p.Name, p.Version, p.Name, strings.TrimPrefix(p.Version, "v"))
	}
	p.Binary = room.Binary{Path: filepath.Join(f.standIn, program), Kind: report.StandIn}
	return p, nil
}

func (f finder) languageHost() (room.Binary, error) {
	const program = "pulumi-language-go"
	var places []string
	if f.pulumi != "" {
		places = append(places, filepath.Join(filepath.Dir(f.pulumi), program))
	}
	found, err := f.genuine(program, places)
	if err != nil {
		return room.Binary{}, err
	}
	if found != "" {
		return room.Binary{Path: found, Kind: report.Genuine}, nil
	}
	return room.Binary{Path: filepath.Join(f.standIn, program), Kind: report.StandIn}, nil
}

// genuine looks in the named directory, then in the places where Pulumi puts the program, then on PATH.
func (f finder) genuine(program string, places []string) (string, error) {
	if f.chosen != "" {
		places = append([]string{filepath.Join(f.chosen, program)}, places...)
	}
	for _, place := range places {
		info, err := os.Stat(place)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		if info.Mode()&0o111 == 0 || info.IsDir() {
			return "", fmt.Errorf("%s is not a program; make it executable or remove it", place)
		}
		return place, nil
	}
	if path, err := exec.LookPath(program); err == nil {
		return filepath.Abs(path)
	}
	return "", nil
}
