package outside

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
)

// NewServiceAccount is 1Password by way of its own command, op, which its provider runs as well for a service account
// (https://developer.1password.com/docs/cli/reference/management-commands/item/). It tells what it removes.
func NewServiceAccount(tell func(string)) *OnePassword {
	way := &op{}
	return newOnePassword(way, way.open, tell)
}

// op runs the command.
type op struct {
	mu    sync.Mutex
	token string
}

func (o *op) open(token string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.token = token
}

func (o *op) titled(ctx context.Context, vault, title string) ([]item, error) {
	out, err := o.run(ctx, "item", "list", "--vault", vault, "--tags", ItemTag, "--format", "json")
	if err != nil {
		return nil, err
	}
	var found []item
	if err := json.Unmarshal(out, &found); err != nil {
		return nil, fmt.Errorf("op item list: %w", err)
	}
	return slices.DeleteFunc(found, func(i item) bool { return i.Title != title }), nil
}

func (o *op) remove(ctx context.Context, vault, id string) error {
	_, err := o.run(ctx, "item", "delete", id, "--vault", vault)
	return err
}

func (o *op) run(ctx context.Context, args ...string) ([]byte, error) {
	o.mu.Lock()
	token := o.token
	o.mu.Unlock()
	ctx, done := context.WithTimeout(ctx, answerWithin)
	defer done()
	command := exec.CommandContext(ctx, "op", args...)
	// Beside a Connect server of the shell, op would not take the token.
	command.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "OP_CONNECT_") })
	command.Env = append(command.Env, "OP_SERVICE_ACCOUNT_TOKEN="+token)
	var said bytes.Buffer
	command.Stderr = &said
	out, err := command.Output()
	if ctx.Err() != nil {
		err = fmt.Errorf("it does not answer within %s", answerWithin)
	} else if text := strings.TrimSpace(said.String()); err != nil && text != "" {
		err = errors.New(text)
	}
	if err != nil {
		return nil, fmt.Errorf("op %s: %w", strings.Join(args[:2], " "), err)
	}
	return out, nil
}
