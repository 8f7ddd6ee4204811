package node

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configdiff"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/container"
	"github.com/siderolabs/talos/pkg/machinery/config/encoder"
	"gopkg.in/yaml.v3"
)

var errNoV1Alpha1 = errors.New("the applied machine configuration doesn't contain v1alpha1 config, did you mean to patch the machine config instead?")

// liveKeys are the parts of the v1alpha1 document that a running machine takes on without a reboot. Documents of
// their own are always taken on so.
//
// https://www.talos.dev/v1.11/talos-guides/configuration/editing-machine-configuration/
var liveKeys = []string{
	"debug",
	"cluster",
	"machine.ca",
	"machine.acceptedCAs",
	"machine.certSANs",
	"machine.time",
	"machine.install",
	"machine.network",
	"machine.sysfs",
	"machine.sysctls",
	"machine.logging",
	"machine.controlPlane",
	"machine.kubelet",
	"machine.kernel",
	"machine.registries",
	"machine.pods",
	"machine.seccompProfiles",
	"machine.nodeLabels",
	"machine.nodeAnnotations",
	"machine.nodeTaints",
	"machine.features.kubernetesTalosAPIAccess",
	"machine.features.kubePrism",
	"machine.features.hostDNS",
	"machine.features.imageCache",
	"machine.features.nodeAddressSortAlgorithm",
}

// needsReboot says why a config needs a reboot, with the difference that stands in the way; it is empty when the
// config does not.
func needsReboot(current, next config.Provider) (why string, err error) {
	was, err := withoutLiveKeys(current)
	if err != nil {
		return "", err
	}
	is, err := withoutLiveKeys(next)
	if err != nil {
		return "", err
	}
	if reflect.DeepEqual(was, is) {
		return "", nil
	}
	diff, err := diffTrees(was, is)
	if err != nil {
		return "", fmt.Errorf("error calculating diff: %w", err)
	}
	return "this config change can't be applied in immediate mode\ndiff:\n" + diff, nil
}

// withoutLiveKeys is the v1alpha1 document as a tree, with the live keys cut off.
func withoutLiveKeys(cfg config.Provider) (map[string]any, error) {
	data, err := container.NewV1Alpha1(cfg.RawV1Alpha1()).EncodeBytes(encoder.WithComments(encoder.CommentsDisabled))
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := yaml.Unmarshal(data, &tree); err != nil {
		return nil, err
	}
	for _, key := range liveKeys {
		cut(tree, strings.Split(key, "."))
	}
	return tree, nil
}

// cut removes a key, and every map that is empty without it: one that is not written is the same.
func cut(tree map[string]any, path []string) {
	if len(path) == 1 {
		delete(tree, path[0])
		return
	}
	sub, ok := tree[path[0]].(map[string]any)
	if !ok {
		return
	}
	if cut(sub, path[1:]); len(sub) == 0 {
		delete(tree, path[0])
	}
}

func diffTrees(was, is map[string]any) (string, error) {
	var sides [2]config.Provider
	for i, tree := range []map[string]any{was, is} {
		data, err := yaml.Marshal(tree)
		if err != nil {
			return "", err
		}
		if sides[i], err = configloader.NewFromBytes(data); err != nil {
			return "", err
		}
	}
	return configdiff.DiffConfigs(sides[0], sides[1])
}
