package rehearsal

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"
)

// homeops runs the operator's command as its owner would, with the room's pulumi; input is what is typed.
func (r *rehearsal) homeops(ctx context.Context, input string, args ...string) error {
	return r.homeopsTo(ctx, indent(r.out), input, args...)
}

// homeopsSays is homeops, and what it says.
func (r *rehearsal) homeopsSays(ctx context.Context, input string, args ...string) (string, error) {
	var said bytes.Buffer
	err := r.homeopsTo(ctx, io.MultiWriter(&said, indent(r.out)), input, args...)
	return said.String(), err
}

// homeopsTo has it write what it says to somebody.
func (r *rehearsal) homeopsTo(ctx context.Context, out io.Writer, input string, args ...string) error {
	cmd := exec.CommandContext(ctx, r.config.Homeops, args...)
	cmd.Dir, cmd.Stdin = r.config.Project, strings.NewReader(input)
	cmd.Env = slices.Clone(r.cli.Env)
	for i, entry := range cmd.Env {
		if path, ok := strings.CutPrefix(entry, "PATH="); ok {
			cmd.Env[i] = "PATH=" + filepath.Dir(r.cli.Path) + string(os.PathListSeparator) + path
		}
	}
	var wrong bytes.Buffer
	cmd.Stdout, cmd.Stderr = out, &wrong
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("homeops %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(wrong.String()))
	}
	return nil
}

// copies are the break-glass place of a rehearsal, and the key that opens what is in it.
type copies struct{ place, identity string }

// keepCopies has the stack file say where copies go, as its owner would, with a key of this rehearsal.
func (r *rehearsal) keepCopies() (copies, error) {
	k := copies{place: filepath.Join(r.config.Dir, "break-glass"), identity: filepath.Join(r.config.Dir, "identity.txt")}
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return copies{}, err
	}
	if err := os.WriteFile(k.identity, []byte(key.String()+"\n"), 0o600); err != nil {
		return copies{}, err
	}
	if err := os.Mkdir(k.place, 0o700); err != nil {
		return copies{}, err
	}
	return k, r.edit(func(config map[string]any) error {
		secrets, _ := config["home-ops:secrets"].(map[string]any)
		if secrets == nil {
			secrets = map[string]any{}
			config["home-ops:secrets"] = secrets
		}
		secrets["breakGlass"] = map[string]any{"recipients": []any{key.Recipient().String()}, "place": k.place}
		return nil
	})
}
