package discover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/constants"

	"github.com/home-ops/home-ops/spec"
)

// Ask looks who is at an address, in a time for the connection. A machine in maintenance mode says what it is made of;
// [ErrSilent] is nobody, and any other error somebody else.
type Ask func(ctx context.Context, address netip.Addr, within time.Duration) (Machine, error)

// ErrSilent says that no Talos answers at an address.
var ErrSilent = errors.New("no Talos answers")

const (
	// searchWithin is how long an address that is one of many may take to accept a connection. In one network that takes
	// milliseconds.
	searchWithin = 500 * time.Millisecond
	// namedWithin is the time for one that a person has named, one lost packet included.
	namedWithin = 3 * time.Second
	// readWithin is how long a machine that has accepted a connection may take to say what it is made of.
	readWithin = 5 * time.Second
	// atOnce is how many addresses are asked at the same time. The kernel keeps 1024 neighbours, those that do not answer for
	// three seconds (https://docs.kernel.org/networking/ip-sysctl.html, neigh/default/gc_thresh3).
	atOnce = 128
	// fresh is how long what a search found is good for all who ask.
	fresh = 10 * time.Second
)

// askTalos is [Ask] over the network.
func askTalos(ctx context.Context, address netip.Addr, within time.Duration) (Machine, error) {
	at := netip.AddrPortFrom(address, constants.ApidPort)
	dialer := net.Dialer{Timeout: within}
	connection, err := dialer.DialContext(ctx, "tcp", at.String())
	if err != nil {
		return Machine{}, fmt.Errorf("%s: %w: %w", address, ErrSilent, err)
	}
	_ = connection.Close()
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	return Read(ctx, at)
}

// Finder finds machines in maintenance mode that are not at their nodes' own addresses: where their owner says that they
// are, or by their hardware where the stack file says what that is. It sends nothing but questions, and those without any
// certificate, which a machine that is configured refuses. Who answers cannot prove who it is: maintenance mode has no
// identity.
type Finder struct {
	stack *spec.Stack
	at    At
	ask   Ask
	// places are searched one after the other: what was named, and what the stack file's network has.
	search Search
	places []*place
}

// place are addresses that are asked together, for all who look for a machine.
type place struct {
	addresses []netip.Addr
	within    time.Duration
	// lock is held by who asks.
	lock  chan struct{}
	asked time.Time
	// machines wait for a config; others answered and do not.
	machines []Machine
	others   int
}

// NewFinder looks for the machines of a stack. Asking is over the network where ask is nil.
func NewFinder(stack *spec.Stack, at At, ask Ask) *Finder {
	if ask == nil {
		ask = askTalos
	}
	f := &Finder{stack: stack, at: at, ask: ask, search: SearchOf(stack.Network)}
	f.places = []*place{newPlace(at.Unnamed, namedWithin), newPlace(f.search.Addresses, searchWithin)}
	return f
}

func newPlace(addresses []netip.Addr, within time.Duration) *place {
	return &place{addresses: addresses, within: within, lock: make(chan struct{}, 1)}
}

// NotFoundError says that a machine is at none of the places where it was looked for, and may come yet.
type NotFoundError struct{ Reason string }

func (e NotFoundError) Error() string { return e.Reason }

// Find is the machine of a node, of which the own address is silent. The error is a [NotFoundError], or one that no waiting
// mends: two machines match, or one does in part, or that at the address which was named is another.
func (f *Finder) Find(ctx context.Context, name string) (Machine, error) {
	node, err := f.node(name)
	if err != nil {
		return Machine{}, err
	}
	m, err := f.find(ctx, node)
	if err == nil && node.DHCP && node.VLAN == 0 && m.Address != node.Address {
		return Machine{}, fmt.Errorf("%s takes its address by DHCP (dhcp: true in the stack file), and DHCP gives its machine %s and not %s: "+
			"have the router reserve %[3]s for it, or take dhcp away", name, m.Address, node.Address)
	}
	return m, err
}

func (f *Finder) find(ctx context.Context, node spec.Node) (Machine, error) {
	identity := IdentityOf(node)
	if address, ok := f.at.Named[node.Name]; ok {
		return f.named(ctx, node, identity, address)
	}
	if identity.IsZero() {
		return Machine{}, NotFoundError{fmt.Sprintf("the stack file names nothing of %s that only its machine has (mac, bond.macs, "+
			"or installDisk by serial, wwid or a path below %s), so that it is not looked for elsewhere: %s", node.Name, byID, f.write(node))}
	}
	var seen []Machine
	others, asked := 0, 0
	for _, p := range f.places {
		machines, configured, err := p.sweep(ctx, f.ask)
		if err != nil {
			return Machine{}, err
		}
		seen, others, asked = append(seen, machines...), others+configured, asked+len(p.addresses)
		m, found, err := f.among(node, identity, machines)
		if found || err != nil {
			return m, err
		}
	}
	return Machine{}, NotFoundError{f.missed(node, identity, seen, asked, others)}
}

// named is the machine at the address that its owner named for the node.
func (f *Finder) named(ctx context.Context, node spec.Node, identity Identity, address netip.Addr) (Machine, error) {
	m, err := f.ask(ctx, address, namedWithin)
	switch {
	case errors.Is(err, ErrSilent):
		return Machine{}, NotFoundError{fmt.Sprintf("no Talos answers at %s, where AT says that %s is", address, node.Name)}
	case err != nil:
		return Machine{}, NotFoundError{fmt.Sprintf("what answers at %s, where AT says that %s is, is not in maintenance mode", address, node.Name)}
	case !identity.IsZero() && identity.of(m) != all:
		return Machine{}, fmt.Errorf("AT says that %s is at %s, and the machine there is another: the stack file names %s, and it has %s. "+
			"Correct AT, or the stack file", node.Name, address, identity, m.hardware())
	}
	return m, nil
}

// among finds a node's machine among those that answered.
func (f *Finder) among(node spec.Node, identity Identity, machines []Machine) (m Machine, found bool, err error) {
	var whole, partly []Machine
	for _, m := range machines {
		switch identity.of(m) {
		case all:
			// One machine may have several addresses.
			if !slices.ContainsFunc(whole, func(w Machine) bool { return w.has(m) && m.has(w) }) {
				whole = append(whole, m)
			}
		case some:
			partly = append(partly, m)
		}
	}
	switch {
	case len(whole) == 1:
		return whole[0], true, nil
	case len(whole) > 1:
		return Machine{}, false, fmt.Errorf("%d machines in maintenance mode have %s, by which the stack file knows %s:%s\n%s",
			len(whole), identity, node.Name, shown(whole), f.write(node))
	case len(partly) > 0:
		return Machine{}, false, fmt.Errorf("the stack file knows %s by %s, and a machine in maintenance mode has only a part of that:%s\n"+
			"correct mac or installDisk of %s in the stack file, or change the machine", node.Name, identity, shown(partly), node.Name)
	}
	return Machine{}, false, nil
}

// missed says where a machine was looked for, what was there, and what to write.
func (f *Finder) missed(node spec.Node, identity Identity, seen []Machine, asked, others int) string {
	var text strings.Builder
	if asked == 0 {
		fmt.Fprintf(&text, "no place is known where the machine with %s could be", identity)
	} else {
		fmt.Fprintf(&text, "no machine in maintenance mode with %s is at the %d addresses that were asked", identity, asked)
	}
	for _, left := range f.search.Left {
		fmt.Fprintf(&text, "; %s", left)
	}
	if others > 0 {
		fmt.Fprintf(&text, "; %d that answer are configured already", others)
	}
	if len(seen) > 0 {
		fmt.Fprintf(&text, "; in maintenance mode are:%s\n", shown(seen))
	} else {
		text.WriteString(": ")
	}
	text.WriteString(f.write(node))
	return text.String()
}

// write is what an owner can do.
func (f *Finder) write(node spec.Node) string {
	return fmt.Sprintf("name the address that its console shows, make up STACK=%s AT=%q", f.stack.Name, node.Name+"=ADDRESS")
}

func shown(machines []Machine) string {
	var text strings.Builder
	for _, m := range machines {
		fmt.Fprintf(&text, "\n  %s: %s", m.Address, m.hardware())
	}
	return text.String()
}

// Impostor says whose machine is in maintenance mode at a node's own address, where it is known to be another node's; nil
// where it is the node's, or nobody's.
func (f *Finder) Impostor(ctx context.Context, name string) error {
	node, err := f.node(name)
	if err != nil {
		return err
	}
	m, err := f.ask(ctx, node.Address, namedWithin)
	if err != nil || IdentityOf(node).of(m) != none {
		return nil //nolint:nilerr // who cannot be asked is as good as today's
	}
	for _, other := range f.stack.Nodes {
		if other.Name != name && IdentityOf(other).of(m) == all {
			return fmt.Errorf("at %s, the address of %s, the machine of %s is in maintenance mode, by its hardware (%s), and that of %[2]s was not found elsewhere",
				node.Address, name, other.Name, m.hardware())
		}
	}
	return nil
}

// Where says where a node's machine would be looked for.
func (f *Finder) Where(name string) string {
	if address, ok := f.at.Named[name]; ok {
		return fmt.Sprintf("at %s, as AT says", address)
	}
	node, err := f.node(name)
	if err != nil || IdentityOf(node).IsZero() || len(f.at.Unnamed)+len(f.search.Addresses) == 0 {
		return "nowhere else, unless AT names an address for it"
	}
	var places []string
	for _, address := range f.at.Unnamed {
		places = append(places, address.String())
	}
	if len(f.search.Addresses) > 0 {
		places = append(places, f.search.String())
	}
	return fmt.Sprintf("by %s at %s", IdentityOf(node), strings.Join(places, ", and at "))
}

func (f *Finder) node(name string) (spec.Node, error) {
	for _, node := range f.stack.Nodes {
		if node.Name == name {
			return node, nil
		}
	}
	return spec.Node{}, fmt.Errorf("%s has no node %q", f.stack.Name, name)
}

// sweep asks every address of a place, once for all who look at the same time.
func (p *place) sweep(ctx context.Context, ask Ask) (machines []Machine, others int, err error) {
	select {
	case p.lock <- struct{}{}:
		defer func() { <-p.lock }()
	case <-ctx.Done():
		return nil, 0, context.Cause(ctx)
	}
	if !p.asked.IsZero() && time.Since(p.asked) < fresh {
		return p.machines, p.others, nil
	}
	found, errs := make([]Machine, len(p.addresses)), make([]error, len(p.addresses))
	next := make(chan int)
	var asking sync.WaitGroup
	for range min(atOnce, len(p.addresses)) {
		asking.Go(func() {
			for i := range next {
				found[i], errs[i] = ask(ctx, p.addresses[i], p.within)
			}
		})
	}
	for i := range p.addresses {
		next <- i
	}
	close(next)
	asking.Wait()
	// What was cut off says nothing of who is there.
	if ctx.Err() != nil {
		return nil, 0, context.Cause(ctx)
	}
	p.machines, p.others, p.asked = nil, 0, time.Now()
	for i, err := range errs {
		switch {
		case err == nil:
			p.machines = append(p.machines, found[i])
		case !errors.Is(err, ErrSilent):
			p.others++
		}
	}
	return p.machines, p.others, nil
}
