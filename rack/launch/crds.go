package launch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/home-ops/home-ops/rack/build"
)

// crdsPart is the generator of custom resource definitions.
func crdsPart(rack, bin string) build.Part {
	return build.Part{
		Name: "crds", Module: filepath.Join(rack, "crds"), Package: ".", Output: filepath.Join(bin, "rack-crds"),
		Note: "the first time downloads the Go types of what the cluster runs",
	}
}

// generateCRDs makes the definitions under base and returns their folder. What the same generator made from the same
// pinned types before is taken again; what an older one made is removed.
func generateCRDs(ctx context.Context, generator build.Part, base string, out io.Writer) (string, error) {
	version, err := contentHash(generator.Module)
	if err != nil {
		return "", fmt.Errorf("custom resource definitions: %w", err)
	}
	dir := filepath.Join(base, version)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(base, 0o755); err != nil {
		return "", fmt.Errorf("custom resource definitions: %w", err)
	}
	temporary, err := os.MkdirTemp(base, "new-")
	if err != nil {
		return "", fmt.Errorf("custom resource definitions: %w", err)
	}
	defer os.RemoveAll(temporary) //nolint:errcheck // it has moved, or there is an error that says more
	fmt.Fprintln(out, "generating the custom resource definitions of what the cluster runs (see out/crds)")
	var said strings.Builder
	// It loads the types with the go command, which looks for its module in the working directory.
	cmd := exec.CommandContext(ctx, generator.Output, "-out", temporary)
	cmd.Dir, cmd.Stdout, cmd.Stderr = generator.Module, &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("custom resource definitions: %w\n%s", err, said.String())
	}
	old, err := filepath.Glob(filepath.Join(base, "*"))
	if err != nil {
		return "", err
	}
	// A rehearsal beside this one may have been faster, and then its result is as good.
	if err := os.Rename(temporary, dir); err != nil && !errors.Is(err, os.ErrExist) && !errors.Is(err, syscall.ENOTEMPTY) {
		return "", fmt.Errorf("custom resource definitions: %w", err)
	}
	for _, path := range old {
		if !strings.HasPrefix(filepath.Base(path), "new-") && path != dir {
			_ = os.RemoveAll(path) // only room on the disk is at stake
		}
	}
	return dir, nil
}

// contentHash names what lies in a folder and in those below it, types of the rack's own among it.
func contentHash(dir string) (string, error) {
	hash := sha256.New()
	files := os.DirFS(dir)
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		fmt.Fprintf(hash, "%s %d\n", path, len(text))
		hash.Write(text)
		return nil
	})
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil))[:16], nil
}
