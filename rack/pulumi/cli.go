// Package pulumi drives the real pulumi command: it knows where its state is, what it is doing while it does it, and
// how to end it without mercy.
package pulumi

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
	"syscall"
	"time"
)

// CLI is one installation of pulumi with a state of its own, far from anybody's real one.
type CLI struct {
	// Path is the pulumi program.
	Path string
	// Project is the directory of Pulumi.yaml.
	Project string
	// Stack is the name of the stack.
	Stack string
	// Env is the whole environment; see [Environment].
	Env []string
	// Out takes what pulumi says.
	Out io.Writer
	// Logs is the directory of the event logs, one file for each run.
	Logs string
	// Serial has every run do one thing after the other. Default: side by side, as for an owner.
	Serial bool
	// Family takes the processes of a run that is ended by its context, as they were before. Default: nobody asks.
	Family *[]int
}

// Environment returns what pulumi needs in order to keep to itself: its own home, a state in a directory, a passphrase
// of its own, no update check and no download.
func Environment(home, state, passphrase string) []string {
	return []string{
		"PULUMI_HOME=" + home,
		// Without metadata=skip the file backend keeps a side file that it does not write atomically: a kill at that
		// moment leaves a state that cannot be loaded ("failed to load checkpoint: EOF").
		"PULUMI_BACKEND_URL=file://" + state + "?metadata=skip",
		"PULUMI_CONFIG_PASSPHRASE=" + passphrase,
		"PULUMI_SKIP_UPDATE_CHECK=true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
		"PULUMI_ERROR_ON_DEPENDENCY_CYCLES=true",
		// --event-log is one of pulumi's commands for developers; its Automation API sets the same.
		"PULUMI_DEBUG_COMMANDS=true",
		"NO_COLOR=1",
	}
}

// WithoutDebugLog has pulumi write no debug log of each run into its home, compressed and encrypted: half of a preview's
// processor time. It has no setting for that, and goes without where it cannot make the folder
// (https://github.com/pulumi/pulumi/blob/pkg/v3.250.0/pkg/logging/encrypted.go).
func WithoutDebugLog(home string) error { return os.WriteFile(filepath.Join(home, "logs"), nil, 0o600) }

// Init makes the stack.
func (c *CLI) Init(ctx context.Context) error {
	return c.run(ctx, c.Out, "stack", "init", c.Stack, "--secrets-provider", "passphrase")
}

// SetSecret stores a secret config value; the value goes over standard input and so into no process list.
func (c *CLI) SetSecret(ctx context.Context, key, value string) error {
	cmd := c.command(ctx, "config", "set", "--stack", c.Stack, "--secret", key)
	cmd.Stdin = strings.NewReader(value)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("pulumi config set %s: %w: %s", key, err, said.String())
	}
	return nil
}

// Cancel clears the lock that a killed run left behind, as an operator does.
func (c *CLI) Cancel(ctx context.Context) error {
	return c.run(ctx, c.Out, "cancel", "--yes", "--stack", c.Stack)
}

// Output returns one stack output, in plain text where it is a secret.
func (c *CLI) Output(ctx context.Context, name string) (string, error) {
	var out bytes.Buffer
	if err := c.run(ctx, &out, "stack", "output", name, "--show-secrets", "--stack", c.Stack); err != nil {
		return "", err
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

// Export returns the stack's state as stored: secrets encrypted.
func (c *CLI) Export(ctx context.Context) ([]byte, error) {
	var out bytes.Buffer
	if err := c.run(ctx, &out, "stack", "export", "--stack", c.Stack); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// ExportPlain returns the stack's state with every secret in plain text.
func (c *CLI) ExportPlain(ctx context.Context) ([]byte, error) {
	var out bytes.Buffer
	if err := c.run(ctx, &out, "stack", "export", "--show-secrets", "--stack", c.Stack); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Import makes a state, as either export returns it, that of the stack; secrets in plain text are encrypted.
func (c *CLI) Import(ctx context.Context, state []byte) error {
	cmd := c.command(ctx, "stack", "import", "--stack", c.Stack)
	cmd.Stdin, cmd.Stdout = bytes.NewReader(state), c.Out
	var wrong bytes.Buffer
	cmd.Stderr = &wrong
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("pulumi stack import: %w: %s", err, strings.TrimSpace(wrong.String()))
	}
	return nil
}

// Says is what another command prints, one that changes nothing.
func (c *CLI) Says(ctx context.Context, args ...string) (string, error) {
	var out bytes.Buffer
	if err := c.run(ctx, &out, args...); err != nil {
		return "", err
	}
	return out.String(), nil
}

// Help is what pulumi says of a command, whose options it reads before.
func (c *CLI) Help(ctx context.Context, command ...string) (string, error) {
	var out bytes.Buffer
	if err := c.run(ctx, &out, append(command, "--help")...); err != nil {
		return "", err
	}
	return out.String(), nil
}

// Up runs `pulumi up`. A preview first would only repeat the work.
func (c *CLI) Up(ctx context.Context, watch ...Watcher) (*Result, error) {
	return c.operate(ctx, watch, "up", "--yes", "--skip-preview")
}

// Replace runs `pulumi up --replace`: the resource of the URN is made anew, whether or not anything has changed.
func (c *CLI) Replace(ctx context.Context, urn string) (*Result, error) {
	return c.operate(ctx, nil, "up", "--replace", urn, "--yes", "--skip-preview")
}

// Refresh runs `pulumi up` and first has the state take over what is really there.
func (c *CLI) Refresh(ctx context.Context, watch ...Watcher) (*Result, error) {
	return c.operate(ctx, watch, "up", "--refresh", "--yes", "--skip-preview")
}

// ClearPending runs `pulumi refresh --clear-pending-creates`: the state takes over what is there, and forgets the creations of which
// nobody knows how they ended.
func (c *CLI) ClearPending(ctx context.Context) (*Result, error) {
	return c.operate(ctx, nil, "refresh", "--yes", "--skip-preview", "--clear-pending-creates")
}

// Preview runs `pulumi preview`.
func (c *CLI) Preview(ctx context.Context, watch ...Watcher) (*Result, error) {
	return c.operate(ctx, watch, "preview")
}

// PreviewRefresh runs `pulumi preview` against what is really there, and leaves the state as it is.
func (c *CLI) PreviewRefresh(ctx context.Context) (*Result, error) {
	return c.operate(ctx, nil, "preview", "--refresh")
}

// Destroy runs `pulumi destroy` as it is without options: it previews, and goes on where the preview does not fail. In two runs, for
// the second would begin the event log of the first anew.
func (c *CLI) Destroy(ctx context.Context, watch ...Watcher) (*Result, error) {
	if result, err := c.operate(ctx, watch, "destroy", "--preview-only"); err != nil {
		return result, err
	}
	return c.operate(ctx, watch, "destroy", "--yes", "--skip-preview")
}

// Do runs another command, and answers yes to what it asks.
func (c *CLI) Do(ctx context.Context, args ...string) error {
	return c.run(ctx, c.Out, append(slices.Clone(args), "--yes")...)
}

func (c *CLI) run(ctx context.Context, out io.Writer, args ...string) error {
	cmd := c.command(ctx, args...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = out, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("pulumi %s: %w: %s", args[0], err, strings.TrimSpace(said.String()))
	}
	return nil
}

func (c *CLI) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.Path, append(args, "--non-interactive")...)
	cmd.Dir, cmd.Env = c.Project, c.Env
	// Signals for the rack are not for pulumi.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		if c.Family != nil {
			*c.Family = familyOf(cmd.Process.Pid)
		}
		return end(ctx, cmd)
	}
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// eventLog names the event log of the next run.
func (c *CLI) eventLog(command string) (string, error) {
	if err := os.MkdirAll(c.Logs, 0o755); err != nil {
		return "", err
	}
	taken, err := filepath.Glob(filepath.Join(c.Logs, "*.events.json"))
	if err != nil {
		return "", err
	}
	return filepath.Join(c.Logs, fmt.Sprintf("%02d-%s.events.json", len(taken)+1, command)), nil
}
