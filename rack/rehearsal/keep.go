package rehearsal

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// keep leaves the rack up, says how to use it, and waits for the end.
func (r *rehearsal) keep(ctx context.Context) {
	enter, err := r.writeEnter(ctx)
	if err != nil {
		fmt.Fprintf(r.out, "\nthe rack cannot be entered: %v\n", err)
		return
	}
	first := r.stack.Nodes[0].Address
	fmt.Fprintf(r.out, `
The rack is up, and Ctrl-C ends it. In another terminal:

  %[1]s kubectl get nodes -o wide
  %[1]s talosctl -n %[2]s version       (with your own talosctl)
  %[1]s pulumi preview --stack %[3]s    (in %[4]s)
  %[1]s                          (a shell in the room)
`, enter, first, r.stack.Name, r.config.Project)
	<-ctx.Done()
}

// writeEnter stores the credentials beside the run and writes a script that runs a command inside the room.
func (r *rehearsal) writeEnter(ctx context.Context) (string, error) {
	var exports string
	for name, variable := range map[string]string{"kubeconfig": "KUBECONFIG", "talosconfig": "TALOSCONFIG"} {
		value, err := r.cli.Output(ctx, name)
		if err != nil {
			return "", err
		}
		path := filepath.Join(r.config.Dir, name)
		if err := os.WriteFile(path, []byte(value), 0o600); err != nil {
			return "", err
		}
		exports += fmt.Sprintf("export %s=%q\n", variable, path)
	}
	for _, entry := range r.cli.Env {
		exports += fmt.Sprintf("export %s\n", strconv.Quote(entry))
	}
	// The launcher, which can see the room from outside, wrote down how to enter it.
	script := fmt.Sprintf(`#!/bin/sh
# Runs a command, or a shell, inside the room of this rehearsal while it lasts.
%s[ $# -gt 0 ] || set -- "${SHELL:-/bin/sh}"
exec nsenter $(cat %q) --net --mount --pid -- "$@"
`, exports, filepath.Join(r.config.Dir, "nsenter"))
	path := filepath.Join(r.config.Dir, "enter")
	return path, os.WriteFile(path, []byte(script), 0o700)
}
