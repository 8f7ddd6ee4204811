package main

import (
	"errors"
	"path/filepath"

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
	var bodies []any
	for _, object := range objects.For(stack, plan).All() {
		bodies = append(bodies, object.Body)
	}
	routers, err := frr.Configs(stack)
	for router, config := range routers {
		r[filepath.Join("frr", router+".conf")] = config
	}
	return errors.Join(err, r.yaml("values.yaml", chart), r.objects("objects.yaml", bodies...))
}
