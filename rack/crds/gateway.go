package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/gateway-api/pkg/consts"
	"sigs.k8s.io/yaml"
)

// gatewayModule is the Gateway API's, which has the definitions of its release in it, by channel.
const gatewayModule = "sigs.k8s.io/gateway-api"

// gatewayAPI reads the definitions of each of the Gateway API's channels out of its module.
func gatewayAPI(ctx context.Context) (map[string][]apiextensions.CustomResourceDefinition, error) {
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", gatewayModule)
	dir, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("looking for module %s: %w; run this command in its own folder (go run -C rack/crds .)", gatewayModule, err)
	}
	channels := map[string][]apiextensions.CustomResourceDefinition{}
	for _, channel := range []string{"standard", "experimental"} {
		if channels[channel], err = read(filepath.Join(strings.TrimSpace(string(dir)), "config", "crd", channel)); err != nil {
			return nil, err
		}
		if len(channels[channel]) == 0 {
			return nil, fmt.Errorf("module %s has no definition in config/crd/%s", gatewayModule, channel)
		}
		for _, definition := range channels[channel] {
			if got := definition.Annotations[consts.BundleVersionAnnotation]; got != consts.BundleVersion {
				return nil, fmt.Errorf("%s is of release %q, and the module of %s", definition.Name, got, consts.BundleVersion)
			}
		}
	}
	return channels, nil
}

// read reads the definitions in a folder. A release of the Gateway API has an admission policy beside them.
func read(dir string) ([]apiextensions.CustomResourceDefinition, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return nil, err
	}
	var definitions []apiextensions.CustomResourceDefinition
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if !bytes.Contains(content, []byte("\nkind: CustomResourceDefinition\n")) {
			continue
		}
		var definition apiextensions.CustomResourceDefinition
		if err := yaml.UnmarshalStrict(content, &definition); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		definitions = append(definitions, definition)
	}
	slices.SortFunc(definitions, func(a, b apiextensions.CustomResourceDefinition) int { return strings.Compare(a.Name, b.Name) })
	return definitions, nil
}
