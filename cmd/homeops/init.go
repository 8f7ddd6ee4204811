package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/home-ops/home-ops/internal/discover"
	"github.com/home-ops/home-ops/internal/firststack"
	"github.com/home-ops/home-ops/spec"
)

var initCommand = command{
	name:    "init",
	args:    "[STACK]",
	summary: "Write a first stack file and its cluster's list of apps, with disks and network cards read from the machines",
	run:     initWith(discover.ReadAll),
}

var stackName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// reader reads machines in maintenance mode.
type reader func(ctx context.Context, addresses []netip.Addr) ([]discover.Machine, error)

// initWith makes the command that reads machines by read.
func initWith(read reader) func(context.Context, call) error {
	return func(ctx context.Context, c call) error { return initStack(ctx, c, read) }
}

// initStack asks for what nobody can guess, and writes the stack file when the plan stands its own check.
func initStack(ctx context.Context, c call, read reader) error {
	flags := initFlags()
	rest, err := c.parse(flags)
	if err != nil {
		return err
	}
	stack := "home"
	if len(rest) > 0 {
		stack = rest[0]
	}
	if len(rest) > 1 || !stackName.MatchString(stack) {
		return usagef("init: give one stack name of small letters, digits and dashes, got %q", strings.Join(rest, " "))
	}
	dir, err := projectDir()
	if err != nil {
		return err
	}
	yes, offline := flags.Lookup("yes").Value.String() == "true", flags.Lookup("offline").Value.String() == "true"
	if offline {
		read = nil
	}
	i := initiation{asker: newAsker(ctx, c.terminal, flags, yes), read: read, dir: dir, stack: stack}
	if err := i.makeRoom(); err != nil {
		return err
	}
	kept := answersFile(dir, stack)
	if !yes {
		i.recall(kept)
		i.answered = func() { i.keep(kept) }
	}
	if err := i.converse(ctx); err != nil {
		if _, unsaved := os.Stat(kept); unsaved == nil {
			fmt.Fprintf(i.err, "homeops: your answers are kept in %s, and offered when you run init again\n", kept)
		}
		return err
	}
	if err := i.write(ctx); err != nil {
		return err
	}
	_ = os.Remove(kept)
	return nil
}

func initFlags() *flag.FlagSet {
	flags := newFlags("init")
	flags.Bool("yes", false, "ask nothing: take the defaults for what no flag says")
	flags.Bool("offline", false, "do not read the machines; --cards, --disks and --ceph describe them")
	for name, usage := range map[string]string{
		"domain":             "the DNS `domain` of the cluster's host names",
		"control-planes":     "the `addresses` of the control planes",
		"workers":            "the `addresses` of the workers",
		"at":                 "the `addresses` at which the machines wait now, where DHCP gave them others, control planes first; they are asked there, and keep the others for good",
		"cards":              "the MAC `addresses` or names of the network cards, one for all machines or one for each, control planes first",
		"disks":              "the `disks` to install on, one for all machines or one for each: /dev/PATH, serial=NUMBER or wwid=ID",
		"arch":               "the processor architecture of machines that do not report it: amd64 or arm64",
		"networks":           "the `networks` of the machines",
		"gateways":           "the `addresses` of the routers",
		"dhcp":               "the `ranges` of addresses that the router gives away",
		"vip":                "the `address` of the Kubernetes API, shared by the control planes",
		"pool":               "the `addresses` for services of type LoadBalancer, such as 10.0.50.100-10.0.50.149; the gateways take the first",
		"cloudflare":         "the `id` of the Cloudflare account that holds the domain, for a tunnel from the internet",
		"email":              "the mail `address` of the account at Let's Encrypt, with --cloudflare",
		"repository":         "the clone `URL` of the Git repository that Flux follows: your own",
		"ceph":               "yes to give the spare `disks` to Ceph, which erases them; with --offline one disk of each worker, or of each control plane where there are none: serial=NUMBER or wwid=ID",
		"secrets":            "`where` secrets come from: none, sops, sops=KEYFILE or onepassword=VAULT",
		"break-glass":        "where sealed copies of what opens the cluster go, as `KEY@PLACE`: the age public key whose private half you print, and a folder or s3://bucket (docs/secrets.md)",
		"passphrase-file":    "the `file` with the passphrase of the stack's secrets; one is made where there is none",
		"samples":            "yes to remove those sample stacks that are in the way",
		"talos-version":      "the Talos `release` to install (default " + string(firststack.TalosVersion) + ")",
		"kubernetes-version": "the Kubernetes `release` to run (default " + string(firststack.KubernetesVersion) + ")",
	} {
		flags.String(name, "", usage)
	}
	return flags
}

// initiation is one run of init.
type initiation struct {
	*asker
	// read is nil when the machines are described by hand.
	read reader
	// dir is the project, stack the name of the new stack.
	dir, stack string
	plan       firststack.Plan
	// at is where the machines wait now; empty where that is at their nodes' addresses. silence says that one was not.
	at      []netip.Addr
	silence bool
	// inventory are the machines that were read, by their addresses.
	inventory inventory
	// ageKey is the file with the private key of the plan's age recipient, and passphrase the one that opens what the
	// plan has sealed.
	ageKey, passphrase string
	// removed are the stack files of samples that make room for the new one.
	removed []string
}

// makeRoom asks whether the new stack takes the place of a sample. A file of anybody else is never overwritten.
func (i *initiation) makeRoom() error {
	target := i.target()
	if _, err := os.Stat(target); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	taken := fmt.Errorf("%s exists, and is not overwritten: edit it, or name another stack", target)
	if s, _ := spec.LoadFile(target); !isProjects(s.Flux.Repository) {
		return taken
	}
	yes, err := i.removeSamples(fmt.Sprintf("%s is a sample of this project; put yours in its place", target))
	if err != nil {
		return err
	}
	if !yes {
		return taken
	}
	i.removed = append(i.removed, target)
	return nil
}

// removeSamples asks. Without a person to ask, nothing is removed that no flag says.
func (i *initiation) removeSamples(question string) (bool, error) {
	fallback := "yes"
	if i.silent {
		fallback = "no"
	}
	return ask(i.asker, "samples", question, fallback, parseYes)
}

func (i *initiation) target() string { return filepath.Join(i.dir, "Pulumi."+i.stack+".yaml") }

// converse asks until the plan can work. Without a person to ask, a plan that cannot is refused.
func (i *initiation) converse(ctx context.Context) error {
	for {
		i.plan = firststack.Plan{Stack: i.stack}
		if err := i.interview(ctx); err != nil {
			return err
		}
		good, err := i.judge()
		if err != nil || good {
			return err
		}
		if i.silent {
			fmt.Fprintf(i.err, "homeops: nothing was written. Correct what is wrong in\n  %s\n", i.commandLine(i.stack))
			return errRefused
		}
		fmt.Fprintln(i.out, "\nThis cannot work yet. Once more; Enter keeps an answer.")
		clear(i.given)
	}
}

// judge shows what is wrong with the plan, for itself and beside the project's other stacks. A sample that clashes
// with it can go.
func (i *initiation) judge() (good bool, err error) {
	s, problems := i.plan.Check()
	others, _ := stackFiles(i.dir)
	var samples []string
	for _, file := range others {
		other, unread := spec.LoadFile(file)
		if unread.HasErrors() || other.Name == i.stack {
			continue
		}
		clashes := spec.ValidateProject([]*spec.Stack{s, other})
		if clashes.HasErrors() && isProjects(other.Flux.Repository) {
			samples = append(samples, file)
			continue
		}
		problems = append(problems, clashes...)
	}
	problems = spec.Merge(problems)
	if len(problems) > 0 {
		fmt.Fprintln(i.out)
	}
	for _, p := range problems {
		fmt.Fprintln(i.out, p)
	}
	if problems.HasErrors() || len(samples) == 0 {
		return !problems.HasErrors(), nil
	}
	yes, err := i.removeSamples(fmt.Sprintf("%s of this project has addresses or machines that are yours; remove the sample", strings.Join(samples, " and ")))
	if err != nil {
		return false, err
	}
	if !yes {
		return false, fmt.Errorf("%s is in the way: remove it, or choose other addresses", strings.Join(samples, ", "))
	}
	i.removed = append(i.removed, samples...)
	return true, nil
}

// writeNew makes a file whole or not at all, and never touches one that exists.
func writeNew(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	err = os.Link(f.Name(), path)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists, and is not overwritten", path)
	}
	return err
}
