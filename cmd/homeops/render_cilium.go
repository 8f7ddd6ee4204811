package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"

	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/components/cilium/bgp"
	"github.com/home-ops/home-ops/components/cilium/frr"
	"github.com/home-ops/home-ops/components/cilium/objects"
	"github.com/home-ops/home-ops/components/cilium/values"
	"github.com/home-ops/home-ops/spec"
)

// cilium renders the values of Cilium's chart, the objects that it is told by, and the configuration of each
// router that the nodes peer with.
func (r rendering) cilium(stack *spec.Stack) error {
	plan, err := bgp.New(stack)
	if err != nil {
		return err
	}
	chart, err := values.For(stack, plan)
	if err != nil {
		return err
	}
	if r["values.yaml"], err = documents(chart); err != nil {
		return fmt.Errorf("cilium values: %w", err)
	}
	var bodies []any
	for _, object := range objects.For(stack, plan).All() {
		bodies = append(bodies, object.Body)
	}
	if r["objects.yaml"], err = documents(bodies...); err != nil {
		return fmt.Errorf("cilium objects: %w", err)
	}
	routers, err := frr.Configs(stack)
	for router, config := range routers {
		r[filepath.Join("frr", router+".conf")] = config
	}
	return err
}

// documents is YAML as the API server would read it: by the JSON names of the fields.
func documents(bodies ...any) ([]byte, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	for _, body := range bodies {
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		var plain any
		if err := json.Unmarshal(raw, &plain); err != nil {
			return nil, err
		}
		if err := encoder.Encode(plain); err != nil {
			return nil, err
		}
	}
	if err := encoder.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
