package gitops

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/internal/gitops/mergekeys"
)

// originAnnotation is where kustomize records which file an object came from.
const originAnnotation = "config.kubernetes.io/origin"

// build is what kustomize makes of the folder with what Flux adds to its
// kustomization.yaml for k. The order of the objects is that of the files.
func build(root string, k *Kustomization) ([]*resource.Resource, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(root, k.folder())
	disk := filesys.MakeFsOnDisk()
	file := filepath.Join(folder, "kustomization.yaml")
	raw, err := disk.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: there is no kustomization.yaml; add one that lists the folder's files", k.folder())
	}
	raw, err = adjust(raw, k)
	if err != nil {
		return nil, fmt.Errorf("%s/kustomization.yaml: %w", k.folder(), err)
	}

	if err := mergekeys.Use(); err != nil {
		return nil, err
	}
	options := krusty.MakeDefaultOptions()
	// As in kustomize-controller: a folder may use its neighbours.
	options.LoadRestrictions = types.LoadRestrictionsNone
	built, err := krusty.MakeKustomizer(options).Run(overlay{disk, file, raw}, folder)
	if err != nil {
		return nil, explain(k.folder(), strings.ReplaceAll(err.Error(), root+"/", ""))
	}
	return built.Resources(), nil
}

// absent is how kustomize says that a file is not there: once for each thing that it could
// have been.
var absent = regexp.MustCompile(`(?:accumulating resources|accumulating components|loading [a-z]+) from '([^']+)': .*no such file or directory`)

func explain(folder, text string) error {
	if m := absent.FindStringSubmatch(text); m != nil {
		return fmt.Errorf("%s/kustomization.yaml: it lists %s, which is not there; add the file or take away the line", folder, m[1])
	}
	return fmt.Errorf("%s: %s", folder, text)
}

// adjust is kustomization.yaml with what Flux adds, and with a trace of each object's file.
func adjust(raw []byte, k *Kustomization) ([]byte, error) {
	var file types.Kustomization
	if err := yaml.UnmarshalStrict(raw, &file); err != nil {
		return nil, err
	}
	if k.Spec.TargetNamespace != "" {
		file.Namespace = k.Spec.TargetNamespace
	}
	file.Components = append(file.Components, k.Spec.Components...)
	for _, p := range k.Spec.Patches {
		file.Patches = append(file.Patches, types.Patch{Patch: p.Patch, Target: selector(p.Target)})
	}
	file.BuildMetadata = []string{types.OriginAnnotations}
	return yaml.Marshal(file)
}

func selector(target map[string]string) *types.Selector {
	if target == nil {
		return nil
	}
	var s types.Selector
	s.Group, s.Version, s.Kind = target["group"], target["version"], target["kind"]
	s.Name, s.Namespace = target["name"], target["namespace"]
	s.LabelSelector, s.AnnotationSelector = target["labelSelector"], target["annotationSelector"]
	return &s
}

// overlay is a file system in which one file reads otherwise.
type overlay struct {
	filesys.FileSystem
	file    string
	content []byte
}

func (o overlay) ReadFile(name string) ([]byte, error) {
	if name == o.file {
		return o.content, nil
	}
	return o.FileSystem.ReadFile(name)
}

// origin is the file of the repository that an object came from, and forgets the trace.
func origin(folder string, r *resource.Resource) (string, error) {
	var trace struct{ Path string }
	if err := yaml.Unmarshal([]byte(r.GetAnnotations()[originAnnotation]), &trace); err != nil {
		return "", err
	}
	annotations := r.GetAnnotations()
	delete(annotations, originAnnotation)
	return filepath.Join(folder, trace.Path), r.SetAnnotations(annotations)
}
