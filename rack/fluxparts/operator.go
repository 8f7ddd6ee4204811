package fluxparts

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
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

// prepareOperator copies the operator's module, whose hash the go.sum in pins holds, into the directory, adds what it
// lacks, and writes beside it a go.mod that compiles the copy.
func prepareOperator(ctx context.Context, pins, dir string) (operatorSource, error) {
	version, err := build.Pinned(pins, operatorModule)
	if err != nil {
		return operatorSource{}, err
	}
	source := filepath.Join(dir, version)
	s := operatorSource{module: dir, version: version, distribution: filepath.Join(source, "config", "data")}
	page := filepath.Join(source, "web", "dist", "index.html")
	// The page comes last: with it, the copy is whole.
	if _, err := os.Stat(page); errors.Is(err, fs.ErrNotExist) {
		downloaded, err := build.Downloaded(ctx, pins, operatorModule)
		if err != nil {
			return s, err
		}
		if err := errors.Join(os.RemoveAll(dir), os.CopyFS(source, os.DirFS(downloaded))); err != nil {
			return s, fmt.Errorf("source of the Flux operator: %w", err)
		}
		if err := writeFile(page, []byte(noPage)); err != nil {
			return s, fmt.Errorf("source of the Flux operator: %w", err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(pins, name))
		if err != nil {
			return s, fmt.Errorf("source of the Flux operator: %w", err)
		}
		if name == "go.mod" {
			content = fmt.Appendf(content, "\nreplace %s => ./%s\n", operatorModule, version)
		}
		if err := writeFile(filepath.Join(dir, name), content); err != nil {
			return s, fmt.Errorf("source of the Flux operator: %w", err)
		}
	}
	return s, nil
}

func writeFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}
