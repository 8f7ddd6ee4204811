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

	"github.com/home-ops/home-ops/internal/agekey"
	"github.com/home-ops/home-ops/internal/discover"
	"github.com/home-ops/home-ops/internal/firststack"
	"github.com/home-ops/home-ops/spec"
)

var initCommand = command{
	name:    "init",
	args:    "[STACK]",
	summary: "Write a first stack file, with disks and network cards read from the machines",
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
	target := filepath.Join(dir, "Pulumi."+stack+".yaml")
	if _, err := os.Stat(target); err == nil {
		return fmt.Errorf("%s exists, and is not overwritten: edit it, or name another stack", target)
	}
	yes, offline := flags.Lookup("yes").Value.String() == "true", flags.Lookup("offline").Value.String() == "true"
	if offline {
		read = nil
	}
	i := initiation{asker: newAsker(c.terminal, flags, yes), read: read, plan: firststack.Plan{Stack: stack}}
	if err := i.interview(ctx); err != nil {
		return err
	}
	if err := i.refuse(dir); err != nil {
		return err
	}
	text, err := i.plan.Render()
	if err != nil {
		return err
	}
	if err := writeNew(target, text); err != nil {
		return err
	}
	if i.ageKey != "" {
		// A file of somebody else's stays as it is: that is no reason to have written no stack.
		if err := writeSOPS(dir, false); err != nil {
			fmt.Fprintf(i.err, "homeops: %v\n", err)
		}
	}
	i.farewell(target)
	return nil
}

func initFlags() *flag.FlagSet {
	flags := newFlags("init")
	flags.Bool("yes", false, "ask nothing: take the defaults for what no flag says")
	flags.Bool("offline", false, "do not read the machines; --cards and --disks describe them")
	for name, usage := range map[string]string{
		"domain":             "the DNS `domain` of the cluster's host names",
		"control-planes":     "the `addresses` of the control planes",
		"workers":            "the `addresses` of the workers",
		"cards":              "the MAC `addresses` or names of the network cards, one for all machines or one for each, control planes first",
		"disks":              "the `disks` to install on, one for all machines or one for each: /dev/PATH, serial=NUMBER or wwid=ID",
		"arch":               "the processor architecture of machines that do not report it: amd64 or arm64",
		"networks":           "the `networks` of the machines",
		"gateways":           "the `addresses` of the routers",
		"dhcp":               "the `ranges` of addresses that the router gives away",
		"vip":                "the `address` of the Kubernetes API, shared by the control planes",
		"pool":               "the `addresses` for services of type LoadBalancer, such as 10.0.50.100-10.0.50.149",
		"repository":         "the clone `URL` of the Git repository that Flux follows",
		"ceph":               "yes to give the spare disks to Ceph, which erases them",
		"secrets":            "`where` secrets come from: none, sops, sops=KEYFILE or onepassword=VAULT",
		"talos-version":      "the Talos `release` to install",
		"kubernetes-version": "the Kubernetes `release` to run",
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
	plan firststack.Plan
	// ageKey is the file with the private key of the plan's age recipient.
	ageKey string
}

// refuse reports what is wrong with the plan, for itself and beside the project's other stacks.
func (i *initiation) refuse(dir string) error {
	s, problems := i.plan.Check()
	others, _ := stackFiles(dir)
	for _, file := range others {
		if other, unread := spec.LoadFile(file); !unread.HasErrors() {
			problems = append(problems, spec.ValidateProject([]*spec.Stack{s, other})...)
		}
	}
	problems = spec.Merge(problems)
	if len(problems) > 0 {
		fmt.Fprintln(i.out)
	}
	for _, p := range problems {
		fmt.Fprintln(i.out, p)
	}
	if !problems.HasErrors() {
		return nil
	}
	fmt.Fprintf(i.err, "homeops: nothing was written: the plan has %d errors. Correct what is wrong in\n  %s\n",
		len(problems.Errors()), i.commandLine(i.plan.Stack))
	return errRefused
}

// farewell says what to do next.
func (i *initiation) farewell(target string) {
	fmt.Fprintf(i.out, "\nWrote %s. Next:\n", target)
	fmt.Fprintf(i.out, "  pulumi stack init %s\n", i.plan.Stack)
	for _, key := range i.plan.PendingSecrets() {
		from := ""
		if key == "sopsAgeKey" {
			from = " < " + quote(i.ageKey)
		}
		fmt.Fprintf(i.out, "  pulumi config set --stack %s --secret %s:%s%s\n", i.plan.Stack, spec.Namespace, key, from)
	}
	fmt.Fprintf(i.out, "  homeops validate %s\n", i.plan.Stack)
	if i.ageKey != "" {
		fmt.Fprintf(i.out, "Keep a copy of %s in a safe place: without it nobody can read the repository's secrets.\n", i.ageKey)
	}
}

// secrets fills in where secrets come from; for SOPS it makes a key where there is none.
func (i *initiation) secrets() error {
	store, err := ask(i.asker, "secrets", "Secrets: none, sops or onepassword=VAULT", "none", parseSecrets)
	if err != nil {
		return err
	}
	i.plan.OnePasswordVault = store.vault
	if !strings.HasPrefix(i.flags.Lookup("secrets").Value.String(), "sops") {
		return nil
	}
	i.ageKey = store.ageKey
	if i.ageKey == "" {
		if i.ageKey, err = agekey.DefaultPath(); err != nil {
			return err
		}
	}
	recipient, created, err := agekey.Ensure(i.ageKey)
	if err != nil {
		return fmt.Errorf("age key: %w", err)
	}
	verb := "Uses the age key in"
	if created {
		verb = "Made an age key in"
	}
	fmt.Fprintf(i.out, "  %s %s (%s).\n", verb, i.ageKey, recipient)
	i.plan.AgeRecipient = recipient
	return nil
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
