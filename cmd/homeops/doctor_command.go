package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/home-ops/home-ops/cmd/homeops/doctor"
	"github.com/home-ops/home-ops/cmd/homeops/engine"
	"github.com/home-ops/home-ops/cmd/homeops/keep"
	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/internal/discover"
	"github.com/home-ops/home-ops/spec"
)

var doctorCommand = command{
	name:    "doctor",
	args:    "STACK | FILE",
	summary: "Say what is wrong with this machine, the stack file, its state, its accounts and its cluster, with the next command",
	run:     runDoctor,
}

// examination is one use of the command.
type examination struct {
	stack  *spec.Stack
	cli    engine.CLI
	client *http.Client
	now    time.Time
	report doctor.Report
	// keptAt is when the newest break-glass copy was made; the zero time without one.
	keptAt time.Time
}

// runDoctor goes from near to far, and changes nothing. It ends with 1 when there is a problem.
func runDoctor(ctx context.Context, c call) error {
	flags := newFlags(c.name)
	asJSON := flags.Bool("json", false, "print one JSON object")
	faults := flags.Bool("faults", false, "print problems and warnings alone")
	words, err := c.parse(flags)
	if err != nil {
		return err
	}
	if len(words) != 1 {
		return usagef("doctor: name one stack or stack file")
	}
	file, err := stackFile(words[0])
	if err != nil {
		return err
	}
	e := examination{
		cli:    engine.CLI{Dir: filepath.Dir(file), Stack: spec.StackName(file)},
		client: &http.Client{Timeout: 10 * time.Second}, now: time.Now(),
	}
	e.machine()
	if e.stackFile(file) && e.state(ctx) {
		e.accounts(ctx)
		e.cluster(ctx)
	}
	shown := e.report
	if *faults {
		shown = shown.Faults()
	}
	write := shown.WriteText
	if *asJSON {
		write = shown.WriteJSON
	}
	if err := write(c.out); err != nil {
		return err
	}
	if !e.report.Healthy() {
		return errRefused
	}
	return nil
}

// machine looks for the programs: pulumi and go are needed for an update, the others to look at a cluster.
func (e *examination) machine() {
	for _, p := range []struct {
		name    string
		verdict doctor.Verdict
		from    string
	}{
		{"pulumi", doctor.Problem, "https://www.pulumi.com/docs/iac/download-install/"},
		{"go", doctor.Problem, "https://go.dev/doc/install"},
		{"kubectl", doctor.Warning, "https://kubernetes.io/docs/tasks/tools/"},
		{"talosctl", doctor.Warning, "https://www.talos.dev/latest/talos-guides/install/talosctl/"},
	} {
		path, err := exec.LookPath(p.name)
		if err != nil {
			e.report.Add(doctor.Machine, doctor.Check{Name: p.name, Verdict: p.verdict, Detail: "is not on PATH", Do: p.from})
			continue
		}
		e.report.Add(doctor.Machine, doctor.Check{Name: p.name, Verdict: doctor.OK, Detail: path})
	}
}

// stackFile reports whether the rest can be looked at.
func (e *examination) stackFile(file string) bool {
	var errs, warnings []string
	v := check([]string{file})
	for _, p := range v.Problems {
		if p.Severity == spec.Error {
			errs = append(errs, p.String())
		} else {
			warnings = append(warnings, p.String())
		}
	}
	do := toType("validate", e.cli.Stack)
	if len(errs) > 0 {
		e.report.Add(doctor.StackFile, doctor.Check{Name: file, Verdict: doctor.Problem, Detail: strings.Join(errs, "; "), Do: do})
		return false
	}
	e.stack, _ = spec.LoadFile(file)
	found := doctor.Check{Name: file, Verdict: doctor.OK}
	if len(warnings) > 0 {
		found.Verdict, found.Detail, found.Do = doctor.Warning, strings.Join(warnings, "; "), do
	}
	e.report.Add(doctor.StackFile, found)
	return true
}

// state reports whether the backend has the stack.
func (e *examination) state(ctx context.Context) bool {
	exported, err := e.cli.Export(ctx)
	switch {
	case errors.Is(err, engine.ErrNoStack):
		e.report.Add(doctor.State, doctor.Check{
			Name: "stack", Verdict: doctor.Problem, Detail: "the backend has no stack " + e.cli.Stack,
			Do: "a new cluster: pulumi stack init " + e.cli.Stack + "; a lost state: docs/runbooks/lost-state.md",
		})
		return false
	case err != nil:
		e.report.Add(doctor.State, doctor.Check{Name: "stack", Verdict: doctor.Problem, Detail: err.Error(), Do: "pulumi whoami --verbose; pulumi login (docs/state.md)"})
		return false
	}
	findings, unseen, err := leftBehind(ctx, e.cli)
	for _, f := range findings {
		e.report.Add(doctor.State, doctor.Check{Name: "left behind", Verdict: doctor.Problem, Detail: f.What, Do: f.Do})
	}
	if err != nil {
		e.report.Add(doctor.State, doctor.Check{Name: "left behind", Verdict: doctor.Problem, Detail: err.Error(), Do: "pulumi stack export"})
	} else if len(findings) == 0 {
		e.report.Add(doctor.State, wholeState(unseen))
	}
	e.copies(ctx, exported)
	return true
}

// wholeState is a state in which nothing was left behind, as far as it was seen.
func wholeState(unseen error) doctor.Check {
	if unseen != nil {
		return doctor.Check{Name: "lock", Verdict: doctor.Unseen, Detail: unseen.Error() + "; no operation is under way"}
	}
	return doctor.Check{Name: "stack", Verdict: doctor.OK, Detail: "no lock, no operation under way"}
}

// copies compares the newest copies with the last update.
func (e *examination) copies(ctx context.Context, exported []byte) {
	if e.stack.Secrets.BreakGlass == nil {
		e.report.Add(doctor.State, doctor.Check{Name: "copies", Verdict: doctor.Warning, Detail: "the stack keeps none: a lost state is a lost cluster", Do: "secrets.breakGlass in the stack file (docs/secrets.md)"})
		return
	}
	place, err := keep.At(e.stack.Secrets.BreakGlass.Place)
	if err != nil {
		e.report.Add(doctor.State, doctor.Check{Name: "copies", Verdict: doctor.Problem, Detail: err.Error(), Do: "secrets.breakGlass.place in the stack file"})
		return
	}
	updated := engine.Updated(exported)
	for _, kind := range []keep.Kind{keep.State, keep.BreakGlass} {
		name, do := "copy of the "+string(kind), toType(strings.ReplaceAll(string(kind), "-", ""), "save", e.cli.Stack)
		_, made, err := keep.Latest(ctx, place, e.cli.Stack, kind)
		if kind == keep.BreakGlass {
			e.keptAt = made
		}
		switch {
		case err != nil:
			e.report.Add(doctor.State, doctor.Check{Name: name, Verdict: doctor.Problem, Detail: err.Error(), Do: do})
		case made.Before(updated.Truncate(time.Second)):
			e.report.Add(doctor.State, doctor.Check{Name: name, Verdict: doctor.Warning, Detail: fmt.Sprintf("is of %s, and the last update of %s", made.Format(time.RFC3339), updated.UTC().Format(time.RFC3339)), Do: do})
		default:
			e.report.Add(doctor.State, doctor.Check{Name: name, Verdict: doctor.OK, Detail: "of " + made.Format(time.RFC3339)})
		}
	}
}

// accounts looks at the tokens that this program uses.
func (e *examination) accounts(ctx context.Context) {
	type look func(token string) []doctor.Check
	ask := func(name string, ref spec.SecretRef, do look) {
		key, ok := ref.ConfigKey()
		if !ok {
			e.report.Add(doctor.Accounts, doctor.Check{Name: name, Verdict: doctor.Unseen, Detail: "its token is kept at " + string(ref)})
			return
		}
		token, err := e.cli.Secret(ctx, key)
		if err != nil {
			e.report.Add(doctor.Accounts, doctor.Check{Name: name, Verdict: doctor.Problem, Detail: err.Error(), Do: "pulumi config set --stack " + e.cli.Stack + " --secret home-ops:" + key})
			return
		}
		e.report.Add(doctor.Accounts, do(token)...)
	}
	if f := e.stack.Flux; f.GitHub != nil {
		owner, name := f.OwnerAndName()
		ask("GitHub token", f.GitHub.TokenRef, func(token string) []doctor.Check {
			return doctor.GitHub(ctx, e.client, doctor.GitHubAPI, owner+"/"+name, token, e.now)
		})
	}
	if c := e.stack.Edge.Cloudflare; c != nil {
		ask("Cloudflare token", c.APITokenRef, func(token string) []doctor.Check {
			return doctor.Cloudflare(ctx, e.client, doctor.CloudflareAPI, c.Zone, token, e.now)
		})
	}
	if o := e.stack.Secrets.OnePassword; o != nil && o.ConnectHost != "" {
		ask("1Password Connect", o.TokenRef, func(token string) []doctor.Check {
			return []doctor.Check{doctor.Connect(ctx, e.client, o.ConnectHost, o.Vault, token)}
		})
	}
}

// cluster looks at the machines, and at what they run if the API answers.
func (e *examination) cluster(ctx context.Context) {
	up := "pulumi up --stack " + e.cli.Stack
	access, err := readAccess(ctx, e.stack, e.cli, "")
	if err != nil {
		e.report.Add(doctor.Cluster, doctor.Check{Name: "access", Verdict: doctor.Problem, Detail: err.Error(), Do: up})
		return
	}
	ends := access.ends(e.now, up+", which makes it anew from its last month on (docs/runbooks/year-off.md)")
	e.report.Add(doctor.Cluster, ends...)
	if slices.ContainsFunc(ends, func(c doctor.Check) bool { return c.Verdict == doctor.Problem }) {
		return // nobody would answer
	}
	e.report.Add(doctor.Cluster, e.talos(ctx, access)...)
	asked, cancel := context.WithTimeout(ctx, 10*time.Second)
	err = access.roll().EtcdWell(asked)
	cancel()
	e.report.Add(doctor.Cluster, etcdCheck(len(e.stack.ControlPlanes()), err))

	asked, cancel = context.WithTimeout(ctx, 5*time.Second)
	err = access.kubernetes.Get(asked, "/readyz", nil)
	cancel()
	if err != nil {
		e.report.Add(doctor.Cluster, doctor.Check{
			Name: "Kubernetes API", Verdict: doctor.Problem, Detail: access.kubernetes.Server + ": " + err.Error(),
			Do: "talosctl --nodes " + e.stack.ControlPlanes()[0].Address.String() + " service; talosctl health",
		})
		return
	}
	e.report.Add(doctor.Cluster, doctor.Check{Name: "Kubernetes API", Verdict: doctor.OK, Detail: access.kubernetes.Server})
	asked, cancel = context.WithTimeout(ctx, askWithin)
	defer cancel()
	well := doctor.Check{Name: "etcd, nodes, API servers, storage", Verdict: doctor.OK, Detail: "each machine could be missed"}
	if err := access.roll().BearsLoss(asked, roll.Node{}); err != nil {
		well.Verdict, well.Detail, well.Do = doctor.Problem, strings.ReplaceAll(err.Error(), "\n", "; "), "docs/runbooks/roll-stopped.md says what to do for each"
	}
	e.report.Add(doctor.Cluster, well, doctor.Nodes(asked, access.kubernetes))
	e.report.Add(doctor.Cluster, doctor.Disks(asked, access.kubernetes)...)
	e.report.Add(doctor.Cluster, doctor.Flux(asked, access.kubernetes, e.now)...)
	e.report.Add(doctor.Cluster, doctor.Certificates(asked, access.kubernetes, e.now)...)
	if !e.keptAt.IsZero() {
		e.report.Add(doctor.Cluster, doctor.Renewed(asked, access.kubernetes, e.keptAt, "homeops breakglass save "+e.cli.Stack)...)
	}
	e.report.Add(doctor.Cluster, doctor.Backups(asked, access.kubernetes, e.now)...)
	for _, g := range []struct {
		name      string
		addresses []netip.Addr
	}{{"internal gateway", e.stack.Edge.Gateways.Internal}, {"external gateway", e.stack.Edge.Gateways.External}} {
		for _, address := range g.addresses {
			e.report.Add(doctor.Cluster, doctor.Announced(asked, g.name, address.String(), "echo."+e.stack.Cluster.Domain))
		}
	}
}

// etcdCheck judges what the members say of each other. The API may be away with the quorum, or with the machine that holds its
// address.
func etcdCheck(members int, err error) doctor.Check {
	c := doctor.Check{Name: "etcd", Verdict: doctor.OK, Detail: fmt.Sprintf("%d members, which have one leader", members)}
	if err != nil {
		c.Verdict, c.Detail = doctor.Problem, strings.ReplaceAll(err.Error(), "\n", "; ")
		c.Do = "if all control planes above answer, look at the network between them: docs/runbooks/partition.md"
	}
	return c
}

// talos asks every machine at once: those that are off must not add up.
func (e *examination) talos(ctx context.Context, access access) []doctor.Check {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	checks := make([][]doctor.Check, len(e.stack.Nodes))
	var asking sync.WaitGroup
	for i, node := range e.stack.Nodes {
		asking.Go(func() {
			var running roll.Running
			machine, err := access.machine(node)
			if err == nil {
				running, err = machine.Running(ctx)
			}
			checks[i] = []doctor.Check{machineCheck(e.stack, node, running, err)}
			if patterns := patternsOf(e.stack, node); len(patterns) > 0 && err == nil && !running.Maintenance {
				disks, err := discover.Disks(ctx, machine.Secure)
				checks[i] = append(checks[i], patternChecks(node, patterns, disks, err)...)
			}
			if err == nil && !running.Maintenance {
				checks[i] = append(checks[i], poolChecks(e.stack, node, func(file string) ([]byte, error) { return machine.Read(ctx, file) })...)
			}
		})
	}
	asking.Wait()
	return slices.Concat(checks...)
}

// machineCheck judges what a machine says of itself.
func machineCheck(stack *spec.Stack, node spec.Node, running roll.Running, err error) doctor.Check {
	c := doctor.Check{Name: fmt.Sprintf("%s (%s)", node.Name, node.Address), Verdict: doctor.Problem}
	up := "pulumi up --stack " + stack.Name
	switch {
	case err != nil:
		c.Detail, c.Do = "Talos does not answer: "+err.Error(), "look at its power, its cable and its console; ping "+node.Address.String()
	case running.Maintenance:
		c.Detail, c.Do = "is in maintenance mode, without a configuration", toType("reset", stack.Name, node.Name)+" has the state say so; then: "+up
	case !running.Ready:
		c.Detail, c.Do = "is not ready: "+running.Unmet, "talosctl --nodes "+node.Address.String()+" dmesg; talosctl --nodes "+node.Address.String()+" service"
	case running.Talos != stack.Cluster.TalosVersion:
		c.Verdict, c.Detail, c.Do = doctor.Warning, fmt.Sprintf("runs Talos %s, and the stack file wants %s", running.Talos, stack.Cluster.TalosVersion), up
	default:
		c.Verdict, c.Detail = doctor.OK, "Talos "+string(running.Talos)
	}
	return c
}
