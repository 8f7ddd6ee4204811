package gitops

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	yamlv3 "gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/spec"
)

// Composition is the kustomization.yaml of a cluster that has every app of the repository which its stack can run.
type Composition struct {
	// Stack and Path are the stack's name and flux.path.
	Stack, Path string
	// Apps are the folders to list, from the repository's root.
	Apps []string
	// Parts are what single Kustomizations have beside their own folder.
	Parts []Part
	// Left are the folders that the stack cannot run, each with what it lacks.
	Left []Left
}

// Part is a change to one Kustomization of an app.
type Part struct {
	Kustomization string
	// Components are the folders beside its own whose needs the stack meets, as spec.components has them.
	Components []string
	// Behind is the Kustomization that makes the volumes which this one claims; empty where the program does.
	Behind string
	// hasComponents and hasDependencies say that the lists are there already, so that a patch adds to them.
	hasComponents, hasDependencies bool
}

// Left is an app that the stack cannot run.
type Left struct {
	App string
	// Lacks are the keys of the stack file that it needs.
	Lacks []string
}

// appsFolder holds the apps of all clusters.
const appsFolder = "kubernetes/apps"

// Compose chooses, out of the repository in root, what a stack's cluster can run.
func Compose(root string, s *spec.Stack) (*Composition, error) {
	c := &Composition{Stack: s.Name, Path: path.Clean(s.Flux.Path)}
	folders, err := filepath.Glob(filepath.Join(root, appsFolder, "*", "kustomization.yaml"))
	if err != nil {
		return nil, err
	}
	below, err := filepath.Glob(filepath.Join(root, appsFolder, "*", "*", "kustomization.yaml"))
	if err != nil {
		return nil, err
	}
	folders = append(folders, below...)
	slices.Sort(folders)
	var errs []error
	for _, file := range folders {
		folder, err := filepath.Rel(root, filepath.Dir(file))
		if err == nil {
			err = c.consider(root, filepath.ToSlash(folder), s)
		}
		errs = append(errs, err)
	}
	c.waitForVolumes(s)
	return c, errors.Join(errs...)
}

// consider takes the app of a folder, when the stack meets what all of its Kustomizations need. A folder without
// Kustomizations of Flux is no app, but a part of one.
func (c *Composition) consider(root, folder string, s *spec.Stack) error {
	orders, err := ordersIn(root, folder)
	if err != nil || len(orders) == 0 {
		return err
	}
	var lacks []string
	for _, k := range orders {
		missing, err := lacking(needsOf(k.Annotations), s)
		if err != nil {
			return fmt.Errorf("%s: Kustomization %s: %w", folder, k.Name, err)
		}
		for _, component := range k.Spec.Components {
			file, err := readComponent(filepath.Join(root, k.folder(), component))
			if err != nil {
				return fmt.Errorf("%s: Kustomization %s: %w", folder, k.Name, err)
			}
			more, err := lacking(needsOf(annotationsOf(file)), s)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", folder, component, err)
			}
			missing = append(missing, more...)
		}
		lacks = append(lacks, missing...)
	}
	if len(lacks) > 0 {
		slices.Sort(lacks)
		c.Left = append(c.Left, Left{folder, slices.Compact(lacks)})
		return nil
	}
	c.Apps = append(c.Apps, folder)
	for _, k := range orders {
		part, err := partOf(root, k, s)
		if err != nil {
			return err
		}
		c.Parts = append(c.Parts, part)
	}
	return nil
}

// ordersIn are the Kustomizations of Flux in the files that a folder lists.
func ordersIn(root, folder string) ([]*Kustomization, error) {
	file, err := readComponent(filepath.Join(root, folder))
	if err != nil {
		return nil, fmt.Errorf("%s/kustomization.yaml: %w", folder, err)
	}
	var orders []*Kustomization
	for _, name := range file.Resources {
		if path.Base(name) != "ks.yaml" {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(root, folder, name))
		if err != nil {
			return nil, explain(folder, err.Error())
		}
		documents := yamlv3.NewDecoder(bytes.NewReader(raw))
		for {
			var object map[string]any
			if err := documents.Decode(&object); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, fmt.Errorf("%s/%s: %w", folder, name, err)
			}
			k, err := readKustomization(objectOf(object, path.Join(folder, name)))
			if err != nil {
				return nil, err
			}
			orders = append(orders, k)
		}
	}
	return orders, nil
}

// partOf adds the components that stand beside the folder of a Kustomization and whose needs the stack meets. A
// component without needs is left alone: whoever wants it lists it.
func partOf(root string, k *Kustomization, s *spec.Stack) (Part, error) {
	part := Part{Kustomization: k.Name, hasComponents: len(k.Spec.Components) > 0, hasDependencies: len(k.Spec.DependsOn) > 0}
	if slices.Contains(needsOf(k.Annotations), "storage.defaultClass") {
		part.Behind = volumes
	}
	beside, err := fs.Glob(os.DirFS(filepath.Join(root, path.Dir(k.folder()))), "*/kustomization.yaml")
	if err != nil {
		return part, err
	}
	for _, name := range beside {
		folder := path.Join(path.Dir(k.folder()), path.Dir(name))
		file, err := readComponent(filepath.Join(root, folder))
		if err != nil {
			return part, fmt.Errorf("%s: %w", folder, err)
		}
		needs := needsOf(annotationsOf(file))
		if file.Kind != "Component" || len(needs) == 0 {
			continue
		}
		missing, err := lacking(needs, s)
		if err != nil {
			return part, fmt.Errorf("%s: %w", folder, err)
		}
		if len(missing) == 0 {
			part.Components = append(part.Components, "../"+path.Base(folder))
		}
	}
	return part, nil
}

// volumes stands for the Kustomization that makes them, until all apps are known.
const volumes = "volumes"

// waitForVolumes puts those that claim volumes behind the storage that the stack's default class is of. Ceph is
// there before Flux is.
func (c *Composition) waitForVolumes(s *spec.Stack) {
	behind := ""
	switch {
	case s.Storage.DefaultClass == "longhorn":
		behind = "longhorn"
	case strings.HasPrefix(s.Storage.DefaultClass, "zfs-"):
		behind = "zfs-classes"
	}
	for i := range c.Parts {
		if c.Parts[i].Behind == volumes {
			c.Parts[i].Behind = behind
		}
	}
	c.Parts = slices.DeleteFunc(c.Parts, func(p Part) bool { return len(p.Components) == 0 && p.Behind == "" })
}

//go:embed cluster.yaml.tmpl
var clusterTemplate string

// YAML is the file, kubernetes/clusters/NAME/kustomization.yaml.
func (c *Composition) YAML() ([]byte, error) {
	t, err := template.New("cluster.yaml.tmpl").Parse(clusterTemplate)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, c)
	return b.Bytes(), err
}

// From is the way to a folder of the repository from the cluster's own.
func (c *Composition) From(folder string) (string, error) {
	way, err := filepath.Rel(filepath.FromSlash(c.Path), filepath.FromSlash(folder))
	return filepath.ToSlash(way), err
}

// Patches is a JSON patch, an operation a line.
func (p Part) Patches() []string {
	var operations []string
	add := func(list string, there bool, values []string) {
		switch {
		case len(values) == 0:
		case there:
			for _, value := range values {
				operations = append(operations, fmt.Sprintf("{ op: add, path: /spec/%s/-, value: %s }", list, value))
			}
		default:
			operations = append(operations, fmt.Sprintf("{ op: add, path: /spec/%s, value: [%s] }", list, strings.Join(values, ", ")))
		}
	}
	add("components", p.hasComponents, p.Components)
	if p.Behind != "" {
		add("dependsOn", p.hasDependencies, []string{"{ name: " + p.Behind + " }"})
	}
	return operations
}
