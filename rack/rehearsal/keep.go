package rehearsal

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/home-ops/home-ops/spec"
)

// keep leaves the rack up, says how to use it, and waits for the end.
func (r *rehearsal) keep(ctx context.Context) {
	enter, err := r.writeEnter(ctx)
	if err != nil {
		fmt.Fprintf(r.out, "\nthe rack cannot be entered: %v\n", err)
		return
	}
	fmt.Fprint(r.out, handOver(r.stack, enter))
	<-ctx.Done()
}

// handOver says what can be done in a kept rack: lines for a shell, wherever it is.
func handOver(stack *spec.Stack, enter string) string {
	var text strings.Builder
	text.WriteString("\nThe rack is up, and Ctrl-C ends it. In another terminal:\n\n")
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, line := range [][2]string{
		{" kubectl get nodes -o wide", "with Kubernetes's own kubectl"},
		{fmt.Sprintf(" talosctl -n %s version", stack.Nodes[0].Address), "with your own talosctl"},
		{" pulumi preview --stack " + stack.Name, "of the rehearsal's state"},
		{"", "a shell in the room"},
	} {
		fmt.Fprintf(t, "  %s%s\t# %s\n", enter, line[0], line[1])
	}
	_ = t.Flush() // a strings.Builder takes everything
	return text.String()
}

// writeEnter stores the credentials beside the run and writes a script that runs a command inside the room.
func (r *rehearsal) writeEnter(ctx context.Context) (string, error) {
	credentials := map[string]string{}
	for name, variable := range map[string]string{"kubeconfig": "KUBECONFIG", "talosconfig": "TALOSCONFIG"} {
		value, err := r.cli.Output(ctx, name)
		if err != nil {
			return "", err
		}
		credentials[variable] = filepath.Join(r.config.Dir, name)
		if err := os.WriteFile(credentials[variable], []byte(value), 0o600); err != nil {
			return "", err
		}
	}
	env := slices.Clone(r.cli.Env)
	for _, variable := range slices.Sorted(maps.Keys(credentials)) {
		env = append(env, variable+"="+credentials[variable])
	}
	path := filepath.Join(r.config.Dir, "enter")
	script := enterScript(filepath.Join(r.config.Dir, "nsenter"), r.config.Project, env)
	return path, os.WriteFile(path, []byte(script), 0o700)
}

// enterScript runs a command, or a shell, in the room. The launcher, which can see the room from outside, wrote down in
// a file how to enter it. What the shell outside has set stays there, for pulumi and its plugins would follow it; and
// nsenter begins in the root of the room's mounts, where pulumi finds no project.
func enterScript(nsenter, project string, env []string) string {
	var settings strings.Builder
	for _, entry := range env {
		fmt.Fprintf(&settings, "  %s \\\n", quoted(entry))
	}
	return fmt.Sprintf(`#!/bin/sh
# Runs a command, or a shell, inside the room of this rehearsal while it lasts.
[ $# -gt 0 ] || set -- "${SHELL:-/bin/sh}"
exec nsenter $(cat %s) --net --mount --pid -- env -i \
%s  sh -c 'cd "$0" && exec "$@"' %s "$@"
`, quoted(nsenter), settings.String(), quoted(project))
}

// quoted is a word that a shell takes as it is.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
