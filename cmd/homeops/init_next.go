package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/home-ops/home-ops/cmd/homeops/engine"
	"github.com/home-ops/home-ops/internal/passphrase"
	"github.com/home-ops/home-ops/spec"
)

// next are the commands from the files that init wrote to a cluster, in their order. What is there already is left out.
func (i *initiation) next(ctx context.Context, stack *spec.Stack) []string {
	var lines []string
	if i.passphrase != "" {
		abs, err := filepath.Abs(i.passphrase)
		if err != nil {
			abs = i.passphrase
		}
		lines = append(lines, "export "+passphrase.FileVar+"="+quote(abs))
	}
	login := i.login(ctx)
	if pending := i.plan.PendingSecrets(); len(pending) > 0 {
		lines, login = append(lines, login...), nil
		lines = append(lines, "pulumi stack init "+i.stack+" --secrets-provider passphrase")
		for _, key := range pending {
			lines = append(lines, fmt.Sprintf("pulumi config set --stack %s --secret %s:%s", i.stack, spec.Namespace, key))
		}
	}
	lines = append(lines, "make rehearse STACK="+i.stack)
	remote, push := i.publish(ctx, stack)
	lines = append(append(lines, remote...), "git add -A && git commit -m 'feat: the stack "+i.stack+"' && "+push)
	return append(append(lines, login...), "make up STACK="+i.stack)
}

// answer is how long pulumi may take to say whether somebody is logged in: a backend may be out of reach.
const answer = 10 * time.Second

// loginHere is the place for the state that needs no account, as docs/first-hour.md has it. It is what `pulumi login --local` names, without
// the file that a kill can leave half written (docs/state.md).
const loginHere = `pulumi login "file://$HOME?metadata=skip"`

// login is the command that Pulumi wants before it keeps a state.
func (i *initiation) login(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	if _, err := (engine.CLI{Dir: i.dir}).Backend(ctx); err != nil {
		return []string{loginHere}
	}
	return nil
}

// publish is what makes Flux's repository of this folder, and the push. `pulumi new` makes no Git repository, and a clone of
// this project pushes to nobody's.
func (i *initiation) publish(ctx context.Context, stack *spec.Stack) (remote []string, push string) {
	const origin = "git push --set-upstream origin HEAD"
	url := quote(stack.Flux.Repository)
	if _, err := os.Stat(filepath.Join(i.dir, ".git")); err != nil {
		return []string{"git init --initial-branch=" + quote(stack.Flux.Branch) + " && git remote add origin " + url}, origin
	}
	out, err := exec.CommandContext(ctx, "git", "-C", i.dir, "config", "--get", "remote.origin.url").Output()
	switch now := strings.TrimSpace(string(out)); {
	case err != nil || now == "":
		return []string{"git remote add origin " + url}, origin
	case isProjects(now):
		return []string{"git remote set-url origin " + url}, origin
	}
	return nil, "git push"
}
