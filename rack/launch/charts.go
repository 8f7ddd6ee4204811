package launch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/home-ops/home-ops/rack/build"
	"github.com/home-ops/home-ops/rack/charts/lock"
)

// fetched is what a person says in place of a folder to have the genuine charts fetched.
const fetched = "genuine"

// chartsPart is the program that fetches charts.
func chartsPart(rack, bin string) build.Part {
	return build.Part{Name: "charts", Module: rack, Package: "./cmd/rack-charts", Output: filepath.Join(bin, "rack-charts")}
}

// chartsFolder is the folder of genuine charts that was asked for; empty for none. It is filled while there is still a
// network.
func chartsFolder(ctx context.Context, project string, o Options) (string, error) {
	if o.Charts == "" {
		return "", nil
	}
	if o.Charts == fetched {
		dir := filepath.Join(project, "out", "charts")
		cmd := exec.CommandContext(ctx, filepath.Join(project, "out", "bin", "rack-charts"), "fetch", "-to", dir)
		cmd.Stdout, cmd.Stderr = o.Out, o.Out
		if err := cmd.Run(); err != nil {
			return "", fmt.Errorf("fetching the genuine charts: %w; CHARTS=DIR takes those that lie in a folder", err)
		}
		return dir, nil
	}
	dir, err := filepath.Abs(o.Charts)
	if err != nil {
		return "", fmt.Errorf("charts: %w", err)
	}
	packages, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil {
		return "", fmt.Errorf("charts: %w", err)
	}
	if len(packages) == 0 {
		return "", fmt.Errorf("charts: %s holds no package; put NAME-VERSION.tgz there, or say CHARTS=%s to have them fetched", dir, fetched)
	}
	return dir, checkPackages(packages)
}

// checkPackages refuses a package that would never be asked for: more likely its name is wrong.
func checkPackages(packages []string) error {
	entries, err := lock.All()
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, l := range entries {
		known[l.File()] = true
	}
	var errs []error
	for _, file := range packages {
		if !known[filepath.Base(file)] {
			errs = append(errs, fmt.Errorf("charts: %s is of no chart and version in rack/charts/lock/lock.yaml", file))
		}
	}
	return errors.Join(errs...)
}

// chartModules are the folders of the modules that have a chart in the version that the lock lists, as the go.mod in dir
// pins them. They were downloaded when what is in dir was built.
func chartModules(ctx context.Context, dir string) (map[string]string, error) {
	entries, err := lock.All()
	if err != nil {
		return nil, err
	}
	folders := map[string]string{}
	for _, l := range entries {
		if l.Module == nil {
			continue
		}
		cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Version}} {{.Dir}}", l.Module.Path)
		cmd.Dir = dir
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("charts: looking for %s in %s/go.mod: %w", l.Module.Path, dir, err)
		}
		version, folder, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
		if strings.TrimPrefix(version, "v") != strings.TrimPrefix(l.Version, "v") {
			continue
		}
		if _, err := os.Stat(filepath.Join(folder, filepath.FromSlash(l.Module.Folder))); err != nil {
			return nil, fmt.Errorf("charts: %s %s: %w", l.Module.Path, version, err)
		}
		folders[l.Module.Path] = folder
	}
	return folders, nil
}
