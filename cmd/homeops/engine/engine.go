// Package engine runs the pulumi command for one stack.
package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// CLI is pulumi in a project.
type CLI struct {
	// Dir is the directory of Pulumi.yaml, Stack the stack's name.
	Dir, Stack string
}

// Outputs are the stack's outputs, secrets in plain text.
type Outputs map[string]json.RawMessage

// Text is an output that is a string; empty when there is none.
func (o Outputs) Text(name string) string {
	var text string
	_ = json.Unmarshal(o[name], &text)
	return text
}

// Outputs reads the outputs of the last update.
func (c CLI) Outputs(ctx context.Context) (Outputs, error) {
	out, err := c.run(ctx, nil, "stack", "output", "--json", "--show-secrets", "--stack", c.Stack)
	if err != nil {
		return nil, err
	}
	var outputs Outputs
	if err := json.Unmarshal(out, &outputs); err != nil {
		return nil, fmt.Errorf("pulumi stack output: %w", err)
	}
	return outputs, nil
}

// Export is the stack's state, its secrets sealed as they are in the backend.
func (c CLI) Export(ctx context.Context) ([]byte, error) {
	return c.run(ctx, nil, "stack", "export", "--stack", c.Stack)
}

// Secret is a secret of the stack file, in plain text.
func (c CLI) Secret(ctx context.Context, key string) (string, error) {
	out, err := c.run(ctx, nil, "config", "get", "home-ops:"+key, "--stack", c.Stack)
	return strings.TrimRight(string(out), "\r\n"), err
}

// Import replaces the stack's state.
func (c CLI) Import(ctx context.Context, state []byte) error {
	_, err := c.run(ctx, state, "stack", "import", "--stack", c.Stack)
	return err
}

// Init makes the stack in the backend. What the stack file says of its passphrase stays.
func (c CLI) Init(ctx context.Context) error {
	_, err := c.run(ctx, nil, "stack", "init", c.Stack, "--no-select")
	return err
}

// Backend is the address of the state's backend.
func (c CLI) Backend(ctx context.Context) (string, error) {
	out, err := c.run(ctx, nil, "whoami", "--json")
	if err != nil {
		return "", err
	}
	var answer struct{ URL string }
	if err := json.Unmarshal(out, &answer); err != nil {
		return "", fmt.Errorf("pulumi whoami: %w", err)
	}
	return answer.URL, nil
}

// ErrNoStack says that the backend has no stack of this name.
var ErrNoStack = errors.New("the backend has no such stack")

// run never repeats what pulumi prints to its standard output: it may be secret.
func (c CLI) run(ctx context.Context, input []byte, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "pulumi", append(args, "--non-interactive")...)
	command.Dir = c.Dir
	command.Stdin = bytes.NewReader(input)
	var out, said bytes.Buffer
	command.Stdout, command.Stderr = &out, &said
	err := command.Run()
	switch text := strings.TrimSpace(said.String()); {
	case err == nil:
		return out.Bytes(), nil
	case errors.Is(err, exec.ErrNotFound):
		return nil, errors.New("pulumi is not on PATH (https://www.pulumi.com/docs/iac/download-install/)")
	case strings.Contains(text, "no stack named"):
		return nil, fmt.Errorf("%s: %w", c.Stack, ErrNoStack)
	default:
		return nil, fmt.Errorf("pulumi %s: %w: %s", strings.Join(args[:min(2, len(args))], " "), err, text)
	}
}
