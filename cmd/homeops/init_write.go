package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/internal/agekey"
	"github.com/home-ops/home-ops/internal/gitops"
	"github.com/home-ops/home-ops/internal/passphrase"
	"github.com/home-ops/home-ops/spec"
)

// write makes the files of the plan, and says what to do next.
func (i *initiation) write(ctx context.Context) error {
	if err := i.seal(ctx); err != nil {
		return err
	}
	text, err := i.plan.Render()
	if err != nil {
		return err
	}
	if err := i.clearSamples(); err != nil {
		return err
	}
	if err := writeNew(i.target(), text); err != nil {
		return err
	}
	stack, _ := spec.LoadFile(i.target())
	written := []string{i.target()}
	var left []gitops.Left
	// A project whose tree is elsewhere has no apps to choose from.
	if _, err := os.Stat(filepath.Join(i.dir, "kubernetes", "apps")); err == nil {
		var content []byte
		if content, left, err = composed(stack, i.dir); err != nil {
			return err
		}
		if err := writeCluster(clusterFile(i.dir, stack), content); err != nil {
			return err
		}
		written = append(written, clusterFile(i.dir, stack))
	}
	if i.ageKey != "" {
		// A file of somebody else's stays as it is: that is no reason to have written no stack.
		if err := writeSOPS(i.dir, false); err != nil {
			fmt.Fprintf(i.err, "homeops: %v\n", err)
		}
	}
	i.farewell(ctx, stack, written, left)
	return nil
}

// clearSamples removes the samples that make room, with their clusters' lists of apps.
func (i *initiation) clearSamples() error {
	for _, file := range i.removed {
		sample, _ := spec.LoadFile(file)
		if err := os.Remove(file); err != nil {
			return err
		}
		if err := os.RemoveAll(filepath.Join(i.dir, filepath.FromSlash(sample.Flux.Path))); err != nil {
			return err
		}
		fmt.Fprintf(i.out, "Removed the sample %s.\n", file)
	}
	return nil
}

// seal puts the secrets that init has made into the plan.
func (i *initiation) seal(ctx context.Context) error {
	if i.ageKey == "" {
		return nil
	}
	key, err := os.ReadFile(i.ageKey)
	if err != nil {
		return err
	}
	phrase, created, err := passphrase.Ensure(i.passphrase)
	if err != nil {
		return fmt.Errorf("passphrase: %w", err)
	}
	seal, err := passphrase.NewSeal(ctx, phrase)
	if err != nil {
		return err
	}
	sealed, err := seal.Value(ctx, string(key))
	if err != nil {
		return err
	}
	i.plan.Salt, i.plan.Sealed = seal.Salt, map[string]string{"sopsAgeKey": sealed}
	fmt.Fprintf(i.out, "  %s the passphrase in %s.\n", map[bool]string{true: "Made", false: "Uses"}[created], i.passphrase)
	return nil
}

// secrets fills in where secrets come from; for SOPS it makes a key where there is none.
func (i *initiation) secrets() error {
	store, err := ask(i.asker, "secrets", "Secrets: sops (encrypted in Git), onepassword=VAULT or none", "sops", parseSecrets)
	if err != nil {
		return err
	}
	i.plan.OnePasswordVault = store.vault
	// It is no question: the answer needs a key that its owner has printed, which is nobody's default.
	if i.plan.BreakGlass, err = ask(i.quietly(), "break-glass", "Sealed copies of what opens the cluster: KEY@PLACE, or none", "", orNone(parseBreakGlass)); err != nil {
		return err
	}
	if i.ageKey, i.passphrase = "", ""; !strings.HasPrefix(i.flags.Lookup("secrets").Value.String(), "sops") {
		return nil
	}
	i.ageKey = store.ageKey
	if i.ageKey == "" {
		if i.ageKey, err = agekey.DefaultPath(); err != nil {
			return err
		}
	}
	if i.passphrase = i.flags.Lookup("passphrase-file").Value.String(); i.passphrase == "" {
		if i.passphrase, err = passphrase.DefaultPath(i.stack); err != nil {
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
	// It is sealed when the plan stands; until then, for its check, it counts as there.
	i.plan.Sealed = map[string]string{"sopsAgeKey": "pending"}
	return nil
}

// farewell says what was written, which image the machines start from, and what to do next.
func (i *initiation) farewell(ctx context.Context, stack *spec.Stack, written []string, left []gitops.Left) {
	fmt.Fprintf(i.out, "\nWrote %s.\n", strings.Join(written, " and "))
	if len(left) > 0 {
		fmt.Fprintf(i.out, "Apps that the cluster does not get, for want of something in the stack file:\n%s", leftOut(left))
	}
	fmt.Fprintln(i.out, "Machines that do not run Talos yet start from")
	for _, address := range images(stack) {
		fmt.Fprintf(i.out, "  %s\n", address)
	}
	next := i.next(ctx, stack)
	fmt.Fprintf(i.out, "Next, as printed, in this order:\n  %s\n", strings.Join(next, "\n  "))
	if slices.Contains(next, loginHere) {
		fmt.Fprintf(i.out, "`%s` keeps the state on this computer; docs/state.md has other places.\n", loginHere)
	}
	if _, err := exec.LookPath("pulumi"); err != nil {
		fmt.Fprintln(i.out, "pulumi is not on PATH yet, and the rehearsal needs none: https://www.pulumi.com/docs/install")
	}
	if samples := i.samplesLeft(); len(samples) > 0 {
		fmt.Fprintf(i.out, "CI applies every stack of the repository. These are still this project's samples:\n  git rm -r %s\n", strings.Join(samples, " "))
	}
	if i.ageKey != "" {
		fmt.Fprintf(i.out, "Keep copies of %s and %s in a safe place: without them nobody can read the stack's secrets.\n", i.ageKey, i.passphrase)
	}
	if stack.Secrets.BreakGlass == nil {
		fmt.Fprint(i.out, noBreakGlass)
	}
}

// noBreakGlass offers what is asked for by a flag alone.
const noBreakGlass = "No copy of what opens the cluster, and of its state, is kept outside of it yet: age-keygen makes a key to print,\n" +
	"and secrets.breakGlass in the stack file has each `make up` put copies at a place of yours (docs/secrets.md, \"Break-glass\").\n"

// samplesLeft are the files of the samples that did not have to make room.
func (i *initiation) samplesLeft() []string {
	files, _ := stackFiles(i.dir)
	var samples []string
	for _, file := range files {
		if s, _ := spec.LoadFile(file); isProjects(s.Flux.Repository) {
			samples = append(samples, file)
			if _, err := os.Stat(filepath.Join(i.dir, filepath.FromSlash(s.Flux.Path))); err == nil {
				samples = append(samples, s.Flux.Path)
			}
		}
	}
	return samples
}

// images are the addresses of the boot images of a stack's machines, each once
// (https://github.com/siderolabs/image-factory#http-frontend-api).
func images(stack *spec.Stack) []string {
	var addresses []string
	for _, n := range stack.Nodes {
		if n.Installer != "" {
			continue // its owner knows where the boot image is
		}
		secure := ""
		if n.SecureBoot {
			secure = "-secureboot"
		}
		kind := "iso"
		if n.Overlay != nil {
			// A board starts from a card.
			kind = "raw.xz"
		}
		addresses = append(addresses, fmt.Sprintf("https://%s/image/%s/%s/metal-%s%s.%s",
			stack.Cluster.ImageFactory, n.Schematic().ID(), stack.Cluster.TalosVersion, n.Arch, secure, kind))
	}
	slices.Sort(addresses)
	return slices.Compact(addresses)
}
