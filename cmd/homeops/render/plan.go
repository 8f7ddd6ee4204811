package render

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/home-ops/home-ops/components/cilium/frr"
	"github.com/home-ops/home-ops/components/edge"
	"github.com/home-ops/home-ops/internal/documents"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// plans renders what each component puts into the cluster, in a folder of the
// component's name: its objects in the order of the plan, the values of each release,
// headed by its chart, and the addresses of the manifests that it downloads.
func (f Files) plans(parts plan.Parts) error {
	var errs []error
	for _, part := range parts {
		errs = append(errs, f.part(part))
	}
	return errors.Join(errs...)
}

func (f Files) part(part plan.Part) error {
	var objects, downloads []any
	var errs []error
	for _, step := range part.Steps {
		shown, err := step.Shown()
		errs = append(errs, err)
		switch {
		case step.Object != nil:
			objects = append(objects, shown)
		case step.Release != nil:
			errs = append(errs, f.release(part.Name(), step.Release, shown))
		default:
			downloads = append(downloads, step.Download)
		}
	}
	errs = append(errs, f.yaml(filepath.Join(part.Name(), "downloads.yaml"), downloads...))
	return errors.Join(append(errs, f.yaml(filepath.Join(part.Name(), "objects.yaml"), objects...))...)
}

// ReleaseHead is the first line of a file with the values of a release: the release and
// its chart.
const ReleaseHead = "# Release %s/%s of %s\n"

func (f Files) release(folder string, release *plan.Release, values map[string]any) error {
	path := filepath.Join(folder, "values", release.Name+".yaml")
	text, err := documents.YAML(values)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	head := fmt.Sprintf(ReleaseHead, release.Namespace, release.Name, release.Chart)
	f[path] = bytes.Join([][]byte{[]byte(head), text}, nil)
	return nil
}

// outside renders what is configured outside of the cluster: the routers that the nodes
// peer with, and the tunnel's rules at Cloudflare.
func (f Files) outside(stack *spec.Stack) error {
	routers, err := frr.Configs(stack)
	for router, config := range routers {
		f[filepath.Join("cilium", "frr", router+".conf")] = config
	}
	rules := edge.TunnelRules(stack)
	if len(rules) == 0 {
		return err
	}
	return errors.Join(err, f.yaml(filepath.Join("edge", "tunnel.yaml"), rules))
}
