package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// gatewayGenerator is the Gateway API's own generator: its channels and its tags are known to it alone.
const gatewayGenerator = "sigs.k8s.io/gateway-api/pkg/generator"

// gatewayAPI runs the Gateway API's generator, and returns the definitions of each of its channels.
func gatewayAPI(ctx context.Context) (map[string][]apiextensions.CustomResourceDefinition, error) {
	// The generator reads the types that the module in its working directory names, and writes below that directory.
	work, err := os.MkdirTemp("", "gateway-api-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(work) }()
	for _, file := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("run this command in its own folder (go run -C rack/crds .): %w", err)
		}
		if err := os.WriteFile(filepath.Join(work, file), content, 0o644); err != nil {
			return nil, err
		}
	}
	channels := map[string][]apiextensions.CustomResourceDefinition{"standard": nil, "experimental": nil}
	for channel := range channels {
		if err := os.MkdirAll(filepath.Join(work, "config", "crd", channel), 0o755); err != nil {
			return nil, err
		}
	}
	generator := exec.CommandContext(ctx, "go", "tool", gatewayGenerator)
	generator.Dir = work
	if output, err := generator.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go tool %s: %w\n%s", gatewayGenerator, err, output)
	}
	for channel := range channels {
		if channels[channel], err = read(filepath.Join(work, "config", "crd", channel)); err != nil {
			return nil, err
		}
	}
	return channels, nil
}

// read reads the definitions in a folder.
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
		var definition apiextensions.CustomResourceDefinition
		if err := yaml.UnmarshalStrict(content, &definition); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		definitions = append(definitions, definition)
	}
	slices.SortFunc(definitions, func(a, b apiextensions.CustomResourceDefinition) int { return strings.Compare(a.Name, b.Name) })
	return definitions, nil
}
