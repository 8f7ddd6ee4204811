package fluxparts

import (
	"context"
	"path/filepath"

	"github.com/home-ops/home-ops/rack/build"
)

const operatorModule = "github.com/controlplaneio-fluxcd/flux-operator"

// noPage takes the place of the operator's web page, which is made with npm and therefore not in its Go module. Without
// it Go refuses to compile the package that embeds it; nothing serves it here.
const noPage = "<!doctype html><title>Flux Operator</title><p>This build has no web page.\n"

// operatorSource is the operator's module, made complete.
type operatorSource struct {
	module, version, distribution string
}

// prepareOperator makes a copy of the operator's module that can be compiled.
func prepareOperator(ctx context.Context, pins, dir string) (operatorSource, error) {
	version, err := build.Pinned(pins, operatorModule)
	if err != nil {
		return operatorSource{}, err
	}
	source, err := build.Copied{
		Module: operatorModule, Version: version, Pins: pins, Adds: map[string]string{"web/dist/index.html": noPage},
	}.Into(ctx, dir)
	return operatorSource{module: dir, version: version, distribution: filepath.Join(source, "config", "data")}, err
}
