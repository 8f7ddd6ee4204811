package golang

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	xmodule "golang.org/x/mod/module"
)

// GetRequiredPackages tells which provider plugins the program will want: one for each module that carries a
// pulumi-plugin.json. A program without a go.mod, or with one that cannot be resolved, names none; the engine then
// loads plugins as resources ask for them.
func (h *Host) GetRequiredPackages(
	ctx context.Context, req *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	response := &pulumirpc.GetRequiredPackagesResponse{}
	root, file, err := h.loadModFile(ctx, req.GetInfo().GetProgramDirectory())
	if err != nil {
		return response, nil //nolint:nilerr // the genuine host is as lenient
	}
	paths := make([]string, 0, len(file.Require))
	for _, required := range file.Require {
		paths = append(paths, required.Mod.Path)
	}
	modules, err := h.modulesWithSource(ctx, root, paths)
	if err != nil {
		return response, nil //nolint:nilerr // the genuine host is as lenient
	}
	for _, m := range modules {
		if dependency, err := m.pulumiPackage(); err == nil {
			response.Packages = append(response.Packages, dependency)
		}
	}
	return response, nil
}

// errNotAProvider is the answer of a module that is an ordinary library.
var errNotAProvider = errors.New("module is not a pulumi provider")

// pulumiPackage reads what the module says of its provider plugin.
func (m module) pulumiPackage() (*pulumirpc.PackageDependency, error) {
	description, err := m.pluginJSON()
	if err != nil {
		return nil, err
	}
	if description == nil || !description.Resource {
		return nil, errNotAProvider
	}

	name := description.Name
	if name == "" {
		name = nameFromPath(m.Path)
	}
	version := description.Version
	if version == "" {
		version = m.Version
	}
	if version, err = released(version); err != nil {
		return nil, fmt.Errorf("%s: %w", m.Path, err)
	}

	dependency := &pulumirpc.PackageDependency{Name: name, Version: version, Kind: "resource", Server: description.Server}
	if parameters := description.Parameterization; parameters != nil {
		dependency.Parameterization = &pulumirpc.PackageParameterization{
			Name: parameters.Name, Version: parameters.Version, Value: parameters.Value,
		}
	}
	return dependency, nil
}

// nameFromPath is the plugin's name by the naming of repositories: github.com/pulumi/pulumi-aws/sdk gives aws.
func nameFromPath(path string) string {
	parts := strings.Split(path, "/")
	if len(parts) < 3 {
		return path
	}
	_, name, found := strings.Cut(parts[2], "-")
	if !found {
		return parts[2]
	}
	return name
}

// pluginJSON finds the module's pulumi-plugin.json; nil when it has none.
func (m module) pluginJSON() (*plugin.PulumiPluginJSON, error) {
	candidates := []string{
		filepath.Join(m.Dir, "pulumi-plugin.json"),
		filepath.Join(m.Dir, "go", "pulumi-plugin.json"),
	}
	for _, pattern := range []string{filepath.Join("go", "*"), "*"} {
		found, err := filepath.Glob(filepath.Join(m.Dir, pattern, "pulumi-plugin.json"))
		if err == nil {
			candidates = append(candidates, found...)
		}
	}
	for _, path := range candidates {
		description, err := plugin.LoadPulumiPluginJSON(path)
		if err == nil {
			return description, nil
		}
		if !os.IsNotExist(err) {
			return nil, err
		}
	}
	return nil, nil
}

// released is the released version that a module's version stands on: a pseudo-version names a commit after a
// release, whose patch number it counts up.
func released(version string) (string, error) {
	parsed, err := semver.ParseTolerant(version)
	if err != nil {
		return "", errors.New("module does not have semver compatible version")
	}
	if !xmodule.IsPseudoVersion(version) {
		return version, nil
	}
	if parsed.Major == 0 && parsed.Minor == 0 && parsed.Patch == 0 {
		return "", errors.New("pseudo-version with no release before it")
	}
	if parsed.Patch > 0 {
		parsed.Patch--
	}
	return fmt.Sprintf("v%d.%d.%d", parsed.Major, parsed.Minor, parsed.Patch), nil
}
