// Package rehearsal is what happens in the sealed room: nodes are powered on, the real engine runs the unmodified
// program, and what came of it is checked from outside the program.
package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/home-ops/home-ops/rack/pulumi"
	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/rack/room"
	"github.com/home-ops/home-ops/rack/sandbox"
	"github.com/home-ops/home-ops/spec"
)

// rehearsal is one run's state.
type rehearsal struct {
	config *room.Config
	out    io.Writer
	stack  *spec.Stack
	// aim is the cluster of the stack file. A scenario may begin with an earlier release of something.
	aim   spec.Cluster
	file  *stackFile
	cli   *pulumi.CLI
	world *world
	rack  *rack
	// places are the addresses that the spare node may have.
	places [][]netip.Addr
	// spareVIP is the address that the VIP may move to; none where there is no VIP.
	spareVIP netip.Addr
	// lease is that of the machine without a reservation.
	lease    lease
	report   *report.Report
	progress progress
	// pushed is the last commit of which not everything was looked at.
	pushed *pushed
	// secrets are those of the stack file.
	secrets *secrets
	// passphrase opens every state of the rehearsal: its salt is in the copy of the stack file.
	passphrase string
}

// Run rehearses, writes the report and returns an error when the rehearsal is not ok. It must be the first thing that a
// process does in its fresh namespaces.
func Run(ctx context.Context, config *room.Config, out io.Writer) error {
	began := time.Now()
	r := &rehearsal{
		config: config, out: out, passphrase: ownSecret(), progress: progress{began: began, before: config.Before},
		report: &report.Report{Stack: config.Stack, Plugins: pluginsKind(config), Seconds: map[string]float64{}, Parts: parts(config)},
	}
	if config.Scenario != "" {
		r.report.Scenario = &report.Scenario{Name: config.Scenario}
	}
	for _, seconds := range config.BuildSeconds {
		r.report.Seconds["build"] += seconds
	}
	if err := r.furnish(ctx); err != nil {
		return err
	}
	// Whoever enters a kept rack finds the outside services as the rehearsal did.
	defer func() { _ = r.world.close() }()
	memory := watchMemory(ctx)
	err := r.play(ctx)
	r.report.PeakMegabytes = memory.stop()
	r.report.Seconds["total"] = r.report.Seconds["build"] + time.Since(began).Seconds()
	r.report.OK = err == nil && r.report.Failed() == nil
	if err != nil {
		r.report.Checks = append(r.report.Checks, report.Check{Name: "rehearsal ran to its end", Detail: firstLine(err)})
	}
	if writeErr := r.report.Write(config.Report); writeErr != nil {
		return errors.Join(err, writeErr)
	}
	if printErr := r.report.Print(out); printErr != nil {
		return errors.Join(err, printErr)
	}
	if config.Keep && ctx.Err() == nil {
		r.keep(ctx)
	}
	if r.rack != nil {
		r.rack.stop()
	}
	if err != nil {
		return err
	}
	return r.report.Failed()
}

// furnish makes the room: the stack's addresses and names, and a stack file of its own.
func (r *rehearsal) furnish(ctx context.Context) error {
	var problems spec.Problems
	r.stack, problems = spec.LoadFile(filepath.Join(r.config.Project, "Pulumi."+r.config.Stack+".yaml"))
	if err := problems.Err(); err != nil {
		return err
	}
	var err error
	if r.file, err = copyStackFile(r.config.Project, r.config.Stack, r.config.Dir); err != nil {
		return err
	}
	r.aim = r.stack.Cluster
	if err := r.begin(); err != nil {
		return err
	}
	if r.secrets, err = newSecrets(r.stack); err != nil {
		return err
	}
	if r.world, err = newWorld(ctx, r.config, r.stack, r.secrets); err != nil {
		return err
	}
	r.report.Parts = append(r.report.Parts, chartParts(r.world.charts)...)
	others, err := differences(r.config, r.stack)
	if err != nil {
		return err
	}
	genuines, err := genuineDifferences(r.config.Genuine, r.world.charts)
	if err != nil {
		return err
	}
	r.report.Parts = append(append(r.report.Parts, others...), genuines...)
	covers := map[string]string{r.file.Path: r.file.Copy}
	if r.config.Base != "" {
		covers[filepath.Join(r.config.Base, filepath.Base(r.file.Path))] = r.file.Copy
	}
	addresses := addressesOf(r.stack)
	r.places = spareAddresses(r.stack, addresses)
	addresses = slices.Concat(append(r.places, addresses)...)
	if r.spareVIP = spareVIP(r.stack, addresses); r.spareVIP.IsValid() {
		addresses = append(addresses, r.spareVIP)
	}
	if r.config.Base == "" {
		// An earlier program asks for its machines at their own addresses.
		r.lease = leaseOf(r.stack, addresses)
	}
	addresses = append(addresses, r.lease.addresses()...)
	return sandbox.Furnish(sandbox.Room{
		Addresses:  addresses,
		Broadcasts: broadcasts(r.stack),
		Hosts:      hostsOf(r.stack, r.world.hosts()),
		Covers:     covers,
		Dir:        r.config.Dir,
	})
}

// play is the rehearsal itself.
func (r *rehearsal) play(ctx context.Context) error {
	if err := r.world.open(); err != nil {
		return err
	}
	var err error
	if r.rack, err = newRack(ctx, r.config, r.stack, r.world, r.lease, filepath.Join(r.config.Dir, "rack")); err != nil {
		return err
	}
	if r.cli, err = r.newStack(ctx, "state"); err != nil {
		return err
	}
	scenario, ok := scenarios[r.config.Scenario]
	if !ok {
		return fmt.Errorf("there is no scenario %q", r.config.Scenario)
	}
	return scenario(ctx, r)
}

// newStack gives pulumi a home with the chosen plugins, a state of its own, and the stack with secrets of our own.
func (r *rehearsal) newStack(ctx context.Context, name string) (*pulumi.CLI, error) {
	home := filepath.Join(r.config.Dir, "pulumi-home")
	state := filepath.Join(r.config.Dir, name)
	bin := filepath.Join(r.config.Dir, "bin")
	logs := filepath.Join(r.config.Dir, "logs", name)
	for _, dir := range []string{home, state, bin, logs} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("rehearsal: %w", err)
		}
	}
	if err := errors.Join(installPlugins(r.config, home, bin), pulumi.WithoutDebugLog(home)); err != nil {
		return nil, err
	}
	cli := &pulumi.CLI{
		Path: r.config.Pulumi.Path, Project: r.config.Project, Stack: r.config.Stack, Out: fold(indent(r.out)), Logs: logs,
		Env: slices.Concat(offlineEnvironment(bin), shellHabits(), r.lease.environment(), r.world.environment(), pulumi.Environment(home, state, r.passphrase)),
	}
	if err := cli.Init(ctx); err != nil {
		return nil, err
	}
	for _, key := range r.file.Secrets {
		if err := cli.SetSecret(ctx, key, r.secrets.config(key)); err != nil {
			return nil, err
		}
	}
	return cli, nil
}

// phase says what is going on and keeps the time.
func (r *rehearsal) phase(name, what string, do func() error) error {
	began := time.Now()
	// A phase may have others in it.
	i := len(r.report.Phases)
	r.report.Phases = append(r.report.Phases, report.Phase{What: what})
	fmt.Fprintln(r.out, r.progress.line(i, what, began))
	err := do()
	seconds := time.Since(began).Seconds()
	r.report.Phases[i].Seconds = seconds
	r.report.Seconds[name] += seconds
	return err
}
