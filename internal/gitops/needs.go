package gitops

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/internal/labels"
	"github.com/home-ops/home-ops/spec"
)

// provisions are the parts of a stack file that an app can name in its annotation [labels.Needs], and whether a
// stack has them. What a stack chooses among several is named behind its key, as edge.exposure.tunnel.
var provisions = map[string]func(*spec.Stack) bool{
	"cilium.bgp":              func(s *spec.Stack) bool { return s.Cilium.BGP != nil },
	"cilium.l2":               func(s *spec.Stack) bool { return s.Cilium.L2.Enabled },
	"edge.cloudflare":         func(s *spec.Stack) bool { return s.Edge.Cloudflare != nil },
	"edge.exposure.tunnel":    func(s *spec.Stack) bool { return s.Edge.Exposure == spec.ExposureTunnel },
	"edge.gateways.dns":       func(s *spec.Stack) bool { return len(s.Edge.Gateways.DNS) > 0 },
	"edge.gateways.external":  func(s *spec.Stack) bool { return len(s.Edge.Gateways.External) > 0 },
	"edge.gateways.internal":  func(s *spec.Stack) bool { return len(s.Edge.Gateways.Internal) > 0 },
	"network.vip":             func(s *spec.Stack) bool { return s.Network.VIP.IsValid() },
	"secrets.onePassword":     func(s *spec.Stack) bool { return s.Secrets.OnePassword != nil },
	"secrets.sops":            func(s *spec.Stack) bool { return s.Secrets.SOPS != nil },
	"storage":                 func(s *spec.Stack) bool { return len(s.Storage.Classes()) > 0 },
	"storage.defaultClass":    func(s *spec.Stack) bool { return s.Storage.DefaultClass != "" },
	"storage.longhorn":        func(s *spec.Stack) bool { return s.Storage.Longhorn != nil },
	"storage.longhorn.backup": func(s *spec.Stack) bool { return s.Storage.Longhorn != nil && s.Storage.Longhorn.Backup != nil },
	"storage.rookCeph":        func(s *spec.Stack) bool { return s.Storage.RookCeph != nil },
	"storage.zfs":             func(s *spec.Stack) bool { return s.Storage.ZFS != nil },
}

// needsOf reads the annotation: keys of the stack file, with commas or blanks between them.
func needsOf(annotations map[string]string) []string {
	return strings.FieldsFunc(annotations[labels.Needs], func(r rune) bool { return r == ',' || r == ' ' || r == '\n' })
}

// lacking are those needs that a stack does not meet. The error names a need that no stack file can meet.
func lacking(needs []string, s *spec.Stack) (missing []string, err error) {
	for _, need := range needs {
		has, known := provisions[need]
		switch {
		case !known:
			return nil, fmt.Errorf("the annotation %s has %q, which is none of %s", labels.Needs, need,
				strings.Join(slices.Sorted(maps.Keys(provisions)), ", "))
		case !has(s):
			missing = append(missing, need)
		}
	}
	return missing, nil
}

// CheckNeeds reports what the cluster applies although the stack lacks what it needs: its pods would wait for ever
// for a secret, a volume or a gateway that nobody makes.
func (c *Cluster) CheckNeeds(s *spec.Stack) []error {
	var problems []error
	report := func(what string, needs []string) {
		missing, err := lacking(needs, s)
		switch {
		case err != nil:
			problems = append(problems, fmt.Errorf("%s: %s: %w", c.folder(), what, err))
		case len(missing) > 0:
			problems = append(problems, fmt.Errorf("%s: %s needs %s, which the stack does not have; take it away, or add that to the stack file",
				c.folder(), what, strings.Join(missing, " and ")))
		}
	}
	for _, k := range c.Kustomizations {
		report("Kustomization "+k.Name, needsOf(k.Annotations))
		for _, component := range k.Spec.Components {
			file, err := readComponent(filepath.Join(c.Root, k.folder(), component))
			if err != nil {
				continue // Load has said so
			}
			report("Kustomization "+k.Name+" with the component "+path.Base(component), needsOf(annotationsOf(file)))
		}
	}
	return problems
}

// readComponent reads the kustomization.yaml of a folder.
func readComponent(folder string) (*types.Kustomization, error) {
	raw, err := os.ReadFile(filepath.Join(folder, "kustomization.yaml"))
	if err != nil {
		return nil, err
	}
	var file types.Kustomization
	return &file, yaml.UnmarshalStrict(raw, &file)
}

func annotationsOf(file *types.Kustomization) map[string]string {
	if file.MetaData == nil {
		return nil
	}
	return file.MetaData.Annotations
}
