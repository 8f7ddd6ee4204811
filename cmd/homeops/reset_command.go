package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/constants"

	"github.com/home-ops/home-ops/cmd/homeops/engine"
	"github.com/home-ops/home-ops/components/rook/disks"
	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/internal/discover"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/stacks"
)

var resetCommand = command{
	name:    "reset",
	args:    "STACK [NODE]",
	summary: "Return one machine, or all of them, to Talos's maintenance mode; `pulumi up` then brings them back",
	run:     reset,
}

// resetWithin is how long a machine may take to leave etcd, to wipe two partitions, and to boot.
const resetWithin = 10 * time.Minute

// reset wipes configuration and EPHEMERAL. What Talos installed stays, and so do data disks.
func reset(ctx context.Context, c call) error {
	flags := newFlags(c.name)
	opened := flags.String("break-glass", "", "a folder that `homeops breakglass open` wrote; the state is then left alone")
	snapshot := flags.Bool("etcd-from-snapshot", false, "etcd comes back from a snapshot (docs/runbooks/rebuild.md): the state keeps what is in the cluster")
	wipeCeph := flags.Bool("wipe-ceph", false, "empty the disks of Ceph as well, and what its monitors know: all data in it are lost")
	anyway := flags.Bool("anyway", false, "reset the node although the cluster does not bear its loss now")
	words, err := c.parse(flags)
	if err != nil {
		return err
	}
	if len(words) != 1 && len(words) != 2 {
		return usagef("reset: name a stack, and one of its nodes or none for all")
	}
	stack, err := c.soundStack(c.name, words[:1])
	if err != nil {
		return err
	}
	file, err := stackFile(words[0])
	if err != nil {
		return err
	}
	at, err := discover.ParseAt(os.Getenv(stacks.AtVar), stack)
	if err != nil {
		return err
	}
	switch ceph := stack.Storage.RookCeph; {
	case !*wipeCeph:
	case ceph == nil:
		return usagef("reset: -wipe-ceph: %s has no storage.rookCeph", stack.Name)
	case len(words) == 2 || *snapshot:
		return usagef("reset: -wipe-ceph ends Ceph as a whole; it goes with all machines, and without -etcd-from-snapshot")
	}
	r := resetting{
		wipesCeph: *wipeCeph, read: discover.Read, wipe: discover.Wipe,
		call: c, stack: stack, cli: engine.CLI{Dir: filepath.Dir(file), Stack: stack.Name}, nodes: resetOrder(stack),
		find: discover.NewFinder(stack, at, nil).Find,
	}
	if len(words) == 2 {
		if r.nodes, err = nodeToReset(stack, words[1]); err != nil {
			return err
		}
	}
	lost := machineAlone
	switch {
	case len(words) == 2 && *snapshot:
		return usagef("reset: -etcd-from-snapshot is for all machines; name no node")
	case *snapshot:
		lost = machinesAlone
	case len(words) == 1:
		lost = everything
	}
	if r.access, err = openAccess(ctx, stack, r.cli, *opened); err != nil {
		return err
	}
	if len(words) == 2 && !*anyway {
		asked, cancel := context.WithTimeout(ctx, askWithin)
		err := r.access.roll().BearsLoss(asked, roll.NodeOf(stack, r.nodes[0]))
		cancel()
		if err != nil {
			return fmt.Errorf("%s was left as it is, because the cluster does not bear its loss now; -anyway resets it all the same:\n%w", words[1], err)
		}
	}
	if err := r.confirm(lost); err != nil {
		return err
	}
	if err := r.run(ctx, len(words) == 2); err != nil {
		return err
	}
	if *opened != "" {
		return nil
	}
	return r.forget(ctx, lost)
}

// resetting is one use of the command.
type resetting struct {
	call
	stack  *spec.Stack
	cli    engine.CLI
	access access
	// nodes are in the order in which they are reset.
	nodes []spec.Node
	// find looks for a machine that does not answer at its node's address.
	find func(ctx context.Context, name string) (discover.Machine, error)
	// read asks one that does.
	read func(ctx context.Context, at netip.AddrPort) (discover.Machine, error)
	// wipesCeph says that Ceph's data go, too; wipe is how.
	wipesCeph bool
	wipe      func(ctx context.Context, at netip.AddrPort, paths []string) error
}

// resetOrder has workers first: as long as there is a control plane, the rest can be looked at. The first control plane,
// at which etcd began, comes last.
func resetOrder(stack *spec.Stack) []spec.Node {
	var workers []spec.Node
	for _, node := range stack.Nodes {
		if !node.IsControlPlane() {
			workers = append(workers, node)
		}
	}
	planes := slices.Clone(stack.ControlPlanes())
	slices.Reverse(planes)
	return append(workers, planes...)
}

func nodeToReset(stack *spec.Stack, name string) ([]spec.Node, error) {
	var names []string
	for _, node := range stack.Nodes {
		names = append(names, node.Name)
		if node.Name != name {
			continue
		}
		if node.IsControlPlane() && len(stack.ControlPlanes()) == 1 {
			return nil, fmt.Errorf("%s is the only control plane: etcd would be lost with it. `%s` resets the whole cluster", name, toType("reset", stack.Name))
		}
		return []spec.Node{node}, nil
	}
	return nil, usagef("reset: %s has no node %q; it has %s", stack.Name, name, strings.Join(names, ", "))
}

// confirm says what will be lost and has the stack's name typed.
func (r resetting) confirm(lost loss) error {
	fmt.Fprintf(r.out, "Back to maintenance mode, in this order:\n")
	for _, node := range r.nodes {
		fmt.Fprintf(r.out, "  %-20s %-14s %s\n", node.Name, node.Role, node.Address)
	}
	fmt.Fprintf(r.out, "\nLost: the machine's configuration, and all on its EPHEMERAL partition: images, logs, emptyDirs, and of a control plane its copy of etcd.\n")
	if lost != machineAlone {
		fmt.Fprintf(r.out, "With all copies of etcd, every object of the cluster is lost, its certificates among them: `%s` keeps those.\n", toType("breakglass", "save", r.stack.Name))
	}
	ceph := r.stack.Storage.RookCeph
	switch {
	case r.wipesCeph:
		fmt.Fprintf(r.out, "With -wipe-ceph all data of Ceph are lost: its disks are emptied, and what its monitors know.\n")
	case ceph != nil && lost == everything:
		fmt.Fprintf(r.out, "Ceph's disks keep their data, but only a snapshot of etcd leads back to them (-etcd-from-snapshot), and no new Ceph takes such disks: with -wipe-ceph they are emptied.\n")
	}
	if ceph != nil && ceph.MonitorVolume == "" && lost == machinesAlone {
		fmt.Fprintf(r.out, "Ceph's data are lost: its monitors keep what they know on EPHEMERAL (storage.rookCeph.monitorVolume would have kept it).\n")
	}
	fmt.Fprintf(r.out, "Kept: the installed Talos, user volumes, data disks, the machine secrets, and every account outside of the cluster.\n\nType the name of the stack to go on: ")
	typed, _ := bufio.NewReader(r.in).ReadString('\n')
	fmt.Fprintln(r.out)
	if typed = strings.TrimSpace(typed); typed != r.stack.Name {
		return fmt.Errorf("nothing was done: %q is not %s", typed, r.stack.Name)
	}
	return nil
}

// run resets one machine after the other. A single one leaves etcd and has its pods moved; of a whole cluster that
// would be work for nothing.
func (r resetting) run(ctx context.Context, graceful bool) error {
	for _, node := range r.nodes {
		began := time.Now()
		err := r.reset(ctx, node, graceful)
		if err == nil && r.wipesCeph {
			err = r.emptyDisks(ctx, node)
		}
		if err != nil {
			return fmt.Errorf("%s: %w; run the command again: it goes on where it stopped", node.Name, err)
		}
		fmt.Fprintf(r.out, "%s is in maintenance mode, after %.0f s\n", node.Name, time.Since(began).Seconds())
	}
	return nil
}

// emptyDisks wipes what a machine in maintenance mode has of Ceph's disks.
func (r resetting) emptyDisks(ctx context.Context, node spec.Node) error {
	ceph := r.stack.Storage.RookCeph
	i := slices.IndexFunc(ceph.Nodes, func(n spec.CephNode) bool { return n.Name == node.Name })
	if i < 0 {
		return nil
	}
	filter, err := disks.Filter(ceph.Nodes[i].Disks, ceph.Nodes[i].Matching...)
	if err != nil {
		return err
	}
	chosen, err := regexp.Compile(filter)
	if err != nil {
		return err
	}
	machine, err := r.read(ctx, netip.AddrPortFrom(node.Address, constants.ApidPort))
	if err != nil {
		if machine, err = r.find(ctx, node.Name); err != nil {
			return err
		}
	}
	var paths []string
	for _, d := range machine.Disks {
		if slices.ContainsFunc(append([]string{d.Path}, d.Links...), chosen.MatchString) {
			paths = append(paths, d.Path)
		}
	}
	if len(paths) == 0 {
		return fmt.Errorf("none of its disks is one of Ceph's (storage.rookCeph.nodes[%d])", i)
	}
	fmt.Fprintf(r.out, "%s: emptying %s; a disk that turns takes hours\n", node.Name, strings.Join(paths, ", "))
	return r.wipe(ctx, netip.AddrPortFrom(machine.Address, constants.ApidPort), paths)
}

func (r resetting) reset(ctx context.Context, node spec.Node, graceful bool) error {
	ctx, cancel := context.WithTimeout(ctx, resetWithin)
	defer cancel()
	machine, err := r.access.machine(node)
	if err != nil {
		return err
	}
	var volumes []string
	if r.wipesCeph {
		if _, ok := node.UserVolume(r.stack.Storage.RookCeph.MonitorVolume); ok {
			volumes = append(volumes, r.stack.Storage.RookCeph.MonitorVolume)
		}
	}
	if waits, err := r.waits(ctx, machine, node.Name); err != nil || waits {
		if waits && len(volumes) > 0 {
			fmt.Fprintf(r.out, "%s was in maintenance mode already, and its volume %s was left as it is: a new Ceph does not start on what an old one left there. "+
				"docs/runbooks/reset.md says how to look, and how to empty it\n", node.Name, volumes[0])
		}
		return err
	}
	if err := machine.Reset(ctx, graceful, volumes...); err != nil {
		return err
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		waits, err := r.waits(ctx, machine, node.Name)
		if err == nil && waits {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("is not in maintenance mode after %s; look at its console", resetWithin), err)
		case <-tick.C:
		}
	}
}

// asked is a machine that says what it runs.
type asked interface {
	Running(ctx context.Context) (roll.Running, error)
}

// waits says whether a machine is in maintenance mode: at its node's address, or where DHCP has put it since its config is
// gone.
func (r resetting) waits(ctx context.Context, machine asked, name string) (bool, error) {
	attempt, done := context.WithTimeout(ctx, 5*time.Second)
	defer done()
	running, err := machine.Running(attempt)
	if err == nil {
		return running.Maintenance, nil
	}
	if _, elsewhere := r.find(ctx, name); elsewhere != nil {
		return false, fmt.Errorf("%w; %w", err, elsewhere)
	}
	return true, nil
}

// forget has the state say what is so: the next update makes what is gone.
func (r resetting) forget(ctx context.Context, lost loss) error {
	state, err := r.cli.Export(ctx)
	if err != nil {
		return err
	}
	after, taken, err := engine.Forget(state, func(resource engine.Resource) bool { return gone(resource, r.nodes, lost) })
	if err != nil {
		return err
	}
	if err := r.cli.Import(ctx, after); err != nil {
		return err
	}
	fmt.Fprintf(r.out, "the state has forgotten %d resources that are gone; `pulumi up --stack %s` makes them again\n", len(taken), r.stack.Name)
	return nil
}

// loss is what is lost beside what a machine itself had.
type loss int

const (
	// machineAlone is nothing: the cluster goes on without it.
	machineAlone loss = iota
	// machinesAlone is the running cluster; what was in it comes back from a snapshot.
	machinesAlone
	// everything is the cluster and all that was in it.
	everything
)

// gone says that a resource went with the machines: the configuration that a machine ran; with the last machine the
// cluster, which is fetched a kubeconfig of when it is bootstrapped again; and what was in the cluster. Machine secrets and
// accounts are outside of it.
func gone(r engine.Resource, nodes []spec.Node, lost loss) bool {
	switch {
	case r.Type == "talos:machine/configurationApply:ConfigurationApply":
		return slices.ContainsFunc(nodes, func(n spec.Node) bool { return strings.HasSuffix(r.Name, "-apply-"+n.Name) })
	case r.Type == "talos:cluster/kubeconfig:Kubeconfig":
		return lost >= machinesAlone
	case strings.HasPrefix(r.Type, "kubernetes:"):
		return lost == everything
	}
	return false
}
