package machineconfig

import (
	"fmt"
	"maps"
	"slices"

	"github.com/siderolabs/talos/pkg/machinery/config/configloader"

	"github.com/home-ops/home-ops/spec"
)

// Difference is a setting that is another one under another contract.
type Difference struct {
	// Setting names it; Before and After are its values in one line each, empty where
	// the contract does not have it. Secrets are told apart, but not shown.
	Setting, Before, After string
	// Effect says what the difference does; empty for one that this program does not
	// know, which should be understood before the contract is raised.
	Effect string
}

// CompareContracts builds a node's configuration under the stack's contract and under
// another one, and returns every effective setting that differs. An empty list is the
// proof that the switch changes nothing but the form.
func CompareContracts(stack *spec.Stack, node spec.Node, to spec.Version, with Secrets) ([]Difference, error) {
	before, err := effective(stack, node, with)
	if err != nil {
		return nil, err
	}
	other := *stack
	other.Cluster.TalosContract = to
	after, err := effective(&other, node, with)
	if err != nil {
		return nil, fmt.Errorf("with cluster.talosContract %s: %w", to, err)
	}
	names := map[string]bool{}
	for name := range maps.Keys(before) {
		names[name] = true
	}
	for name := range maps.Keys(after) {
		names[name] = true
	}
	var differences []Difference
	for _, name := range slices.Sorted(maps.Keys(names)) {
		a, b := shown(before, name), shown(after, name)
		if a != b {
			differences = append(differences, Difference{name, a, b, effects[name]})
		}
	}
	return differences, nil
}

func effective(stack *spec.Stack, node spec.Node, with Secrets) (settings, error) {
	raw, err := Build(stack, node, with)
	if err != nil {
		return nil, err
	}
	cfg, err := configloader.NewFromBytes(raw)
	if err != nil {
		return nil, err
	}
	return settingsOf(cfg)
}

// shown is a setting as text; what is empty is as if it were not there.
func shown(s settings, name string) string {
	value, ok := s[name]
	if !ok {
		return ""
	}
	switch text := yamlText(value); text {
	case "{}", "[]", "null", `""`, "false":
		return ""
	default:
		return text
	}
}

// effects are the differences that Talos's contracts are known to make.
var effects = map[string]string{
	"/var mounted nosuid, nodev": "from the next boot on, set-user-ID programs and device files under /var do nothing; " +
		"some releases of Talos 1.14 run no program from there either. Off where Longhorn is in the stack.",
	"periodic trim":      "filesystems tell their disks once a week what is free; nothing restarts",
	"workload isolation": "from the next boot on, Talos runs containers in a sandbox of their own",
	"anonymous health checks": "the API server restarts; /livez, /readyz and /healthz answer without credentials, as " +
		"load balancers want, and everything else still refuses them",
	"kube-apiserver startup probe": "the API server restarts; its kubelet gives it longer to start",
	"reading of Secrets that were stored in clear": "the API server restarts; a Secret that was written before encryption was " +
		"turned on cannot be read any more. Talos encrypts from the first day, so none is.",
	"kernel arguments of the image": "from the next upgrade on, a machine that boots by GRUB takes the kernel arguments of its image, " +
		"where its schematic has them; this program writes no others",
}
