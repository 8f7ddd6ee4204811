package golang

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// build compiles the program and returns the path of what it made. With no target that is a temporary file, which
// the caller removes. A program that has not changed costs only a look into Go's build cache: the flags are the
// genuine host's, so both share it.
func (h *Host) build(ctx context.Context, directory, target string) (string, error) {
	h.engine.Status(ctx, pulumirpc.LogSeverity_INFO, "", "Compiling the program ...")

	pattern := filepath.Join(directory, "*.go")
	if sources, err := filepath.Glob(pattern); err != nil || len(sources) == 0 {
		return "", fmt.Errorf("find go files for 'go build': none match %s", pattern)
	}
	if target == "" {
		file, err := os.CreateTemp("", "pulumi-go.*")
		if err != nil {
			return "", fmt.Errorf("create a file for the compiled program: %w", err)
		}
		_ = file.Close()
		target = file.Name()
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(directory, target)
	}

	compiler, err := goCommand()
	if err != nil {
		return "", err
	}
	command := exec.CommandContext(ctx, compiler, "build", "-buildvcs=false", "-o", target, "-trimpath", "-ldflags", "-w -s")
	command.Dir = directory
	command.Stdout, command.Stderr = h.Stdout, h.Stderr
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("error in compiling Go: unable to run `go build`: %w", err)
	}

	made, err := os.Stat(target)
	if err != nil {
		return "", fmt.Errorf("find the compiled program: %w", err)
	}
	if !made.Mode().IsRegular() || made.Mode()&0o111 == 0 {
		return "", errors.New("go program is not executable, does your program have a 'main' package?")
	}
	h.engine.Status(ctx, pulumirpc.LogSeverity_INFO, "", "Finished compiling")
	return target, nil
}
