package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// Module is the folder of a module's content in the module cache, downloaded when
// it is not there yet. Nothing is added to any go.mod.
func Module(ctx context.Context, path, version string) (string, error) {
	// What the cache holds was checked when it came, and a sealed room can ask nobody.
	if dir, err := download(ctx, path, version, "GOPROXY=off", "GOSUMDB=off"); err == nil {
		return dir, nil
	}
	return download(ctx, path, version)
}

func download(ctx context.Context, path, version string, env ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", path+"@"+version)
	// Outside every module: what a go.mod replaces or excludes is not meant here.
	cmd.Dir = os.TempDir()
	cmd.Env = append(append(os.Environ(), "GOFLAGS=", "GOWORK=off"), env...)
	out, err := cmd.Output()
	var answer struct{ Dir, Error string }
	if decodeErr := json.Unmarshal(out, &answer); decodeErr == nil && answer.Error != "" {
		err = errors.New(answer.Error)
	} else if err == nil {
		err = decodeErr
	}
	if err != nil {
		return "", fmt.Errorf("module %s %s: %w", path, version, explain(err))
	}
	return answer.Dir, nil
}

// explain adds what the go command wrote to its error.
func explain(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
	}
	return err
}
