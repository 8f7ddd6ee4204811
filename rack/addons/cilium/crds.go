package cilium

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// switches are the settings by which kinds are registered that are not always, by the beginnings of the kinds' names. Each is off where
// nothing is said of it (https://github.com/cilium/cilium/blob/v1.20.2/pkg/k8s/synced/crd.go).
var switches = map[string]string{
	"ciliumbgp":                 "enable-bgp-control-plane",
	"ciliumclusterwideenvoy":    "enable-envoy-config",
	"ciliumdatapathplugins":     "enable-datapath-plugins",
	"ciliumegressgateway":       "enable-egress-gateway",
	"ciliumendpointslices":      "enable-cilium-endpoint-slice",
	"ciliumenvoyconfigs":        "enable-envoy-config",
	"ciliumgatewayclassconfigs": "enable-gateway-api",
	"ciliumlocalredirect":       "enable-local-redirect-policy",
}

func registered(name string, settings Settings) bool {
	for beginning, setting := range switches {
		if strings.HasPrefix(name, beginning) {
			return settings.On(setting, false)
		}
	}
	return true
}

// Kinds registers the definitions that are in the directory's YAML files, as far as the operator's settings want them, each time that
// an operator begins to lead.
func Kinds(dir string) cluster.Controller {
	var definitions []*unstructured.Unstructured
	var led string
	return cluster.Controller{
		Name: "cilium-operator", Operators: []string{"cilium-operator"},
		Kinds: []cluster.Kind{cluster.Definitions, cluster.ConfigMaps},
		Pass: func(ctx context.Context, c *cluster.Cluster, pods []cluster.Pod) error {
			if pods[0].Start == led {
				return nil
			}
			if definitions == nil {
				var err error
				if definitions, err = read(dir); err != nil {
					return fmt.Errorf("cilium's kinds: %w", err)
				}
			}
			settings := SettingsOf(c)
			var errs []error
			for _, definition := range definitions {
				if !registered(definition.GetName(), settings) {
					continue
				}
				errs = append(errs, c.Apply(ctx, cluster.Definitions, definition))
			}
			if err := errors.Join(errs...); err != nil {
				return err
			}
			led = pods[0].Start
			return nil
		},
	}
}

// read reads the objects of every YAML file in a directory.
func read(dir string) ([]*unstructured.Unstructured, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has no *.yaml", dir)
	}
	var objects []*unstructured.Unstructured
	for _, file := range files {
		more, err := readFile(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		objects = append(objects, more...)
	}
	return objects, nil
}

func readFile(file string) ([]*unstructured.Unstructured, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	decoder := yaml.NewYAMLOrJSONDecoder(f, 4096)
	var objects []*unstructured.Unstructured
	for {
		object := &unstructured.Unstructured{}
		if err := decoder.Decode(object); errors.Is(err, io.EOF) {
			return objects, nil
		} else if err != nil {
			return nil, err
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}
