package genuine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/home-ops/home-ops/rack/build"
)

const externalSecretsModule = "github.com/external-secrets/external-secrets"

// registers are the two packages of External Secrets by which its program gets its providers and generators, as files of the
// module. Its own import some forty clouds' libraries, which is most of what there is to compile; the project has one provider
// and no generator.
var registers = map[string]string{
	"pkg/provider/register/register.go":  "package register\n\nimport _ \"" + externalSecretsModule + "/pkg/provider/onepassword\"\n",
	"pkg/generator/register/register.go": "package register\n",
}

// externalSecretsSource copies what the program of External Secrets is compiled from, whose hash the go.sum in pins holds, into
// the directory, with the registers in place of its own, and writes beside it a go.mod that compiles the copy.
func externalSecretsSource(ctx context.Context, pins, version, dir string) error {
	source := filepath.Join(dir, version)
	if _, err := os.Stat(source); errors.Is(err, fs.ErrNotExist) {
		downloaded, err := build.Downloaded(ctx, pins, externalSecretsModule)
		if err != nil {
			return err
		}
		// Under its name there is a whole copy or none.
		partial := dir + ".partial"
		if err := errors.Join(os.RemoveAll(partial), copyProgram(downloaded, filepath.Join(partial, version)), os.RemoveAll(dir)); err != nil {
			return fmt.Errorf("source of External Secrets: %w", err)
		}
		if err := os.Rename(partial, dir); err != nil {
			return fmt.Errorf("source of External Secrets: %w", err)
		}
	}
	files := map[string][]byte{}
	for name, content := range registers {
		path := filepath.Join(source, filepath.FromSlash(name))
		// Beside a register of another name this one would change nothing.
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("source of External Secrets %s has another register of providers or generators than rack/genuine knows: %w", version, err)
		}
		files[path] = []byte(content)
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(pins, name))
		if err != nil {
			return fmt.Errorf("source of External Secrets: %w", err)
		}
		if name == "go.mod" {
			content = fmt.Appendf(content, "\nreplace %s => ./%s\n", externalSecretsModule, version)
		}
		files[filepath.Join(dir, name)] = content
	}
	for name, content := range files {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			return fmt.Errorf("source of External Secrets: %w", err)
		}
	}
	return nil
}

// copyProgram copies the parts of the module that its program is compiled from.
func copyProgram(module, to string) error {
	for _, part := range []string{"apis", "cmd", "pkg"} {
		if err := os.CopyFS(filepath.Join(to, part), os.DirFS(filepath.Join(module, part))); err != nil {
			return err
		}
	}
	for _, name := range []string{"main.go", "go.mod"} {
		content, err := os.ReadFile(filepath.Join(module, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
