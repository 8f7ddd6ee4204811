package roll

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/home-ops/home-ops/internal/await"
)

// Seeker finds machines in maintenance mode that are not at their nodes' addresses, which is where DHCP has put them.
type Seeker interface {
	// Seek is where the machine of a node is, by the node's name. The error is an [UnseenError], or one that no waiting
	// mends.
	Seek(ctx context.Context, name string) (netip.Addr, error)
	// Impostor is an error where the machine in maintenance mode at a node's own address is known to be another node's.
	Impostor(ctx context.Context, name string) error
	// Where says in a few words where Seek looks.
	Where(name string) string
}

// UnseenError says that a machine is nowhere to be seen, and may come yet.
type UnseenError struct {
	// Own says why it is not seen at the node's own address, Elsewhere why it is not where it was looked for; either may be nil.
	Own, Elsewhere error
}

func (e UnseenError) Error() string {
	switch {
	case e.Elsewhere == nil:
		return e.Own.Error()
	case e.Own == nil:
		return e.Elsewhere.Error()
	}
	return fmt.Sprintf("%v; %v", e.Own, e.Elsewhere)
}

// Unwrap gives both.
func (e UnseenError) Unwrap() []error { return []error{e.Own, e.Elsewhere} }

// whereabouts are of a machine that waits for its config.
type whereabouts struct {
	// address is the node's own, or the one that DHCP gave.
	address netip.Addr
	machine Machine
}

// elsewhere says where it is, unless that is the node's own address.
func (w whereabouts) elsewhere(node Node) string {
	if w.address == node.Address {
		return ""
	}
	return fmt.Sprintf(" at %s", w.address)
}

// locate is where a machine waits for its config, of which a look at the node's own address saw maintenance mode, or
// nothing.
func (r *Roll) locate(ctx context.Context, node Node, is Running, seen error) (whereabouts, error) {
	var impostor error
	if seen == nil && is.Maintenance {
		if r.seeker != nil {
			impostor = r.seeker.Impostor(ctx, node.Name)
		}
		if impostor == nil {
			machine, err := r.machine(node)
			return whereabouts{node.Address, machine}, err
		}
	}
	if r.seeker == nil {
		return whereabouts{}, UnseenError{Own: seen}
	}
	address, err := r.seeker.Seek(ctx, node.Name)
	unseen := UnseenError{}
	switch {
	case errors.As(err, &unseen) && impostor != nil:
		return whereabouts{}, impostor
	case errors.As(err, &unseen):
		return whereabouts{}, UnseenError{Own: seen, Elsewhere: unseen.Elsewhere}
	case err != nil:
		return whereabouts{}, err
	}
	there := node
	there.Address = address
	machine, err := r.open(there)
	return whereabouts{address, machine}, err
}

// glance looks at a machine for a moment, half leaves the other half of an attempt to look elsewhere.
func (r *Roll) glance(ctx context.Context, machine Machine) (Running, error) {
	ctx, done := context.WithTimeout(ctx, r.limits.Glance)
	defer done()
	return machine.Running(ctx)
}

func (r *Roll) half(ctx context.Context, machine Machine) (Running, error) {
	ctx, done := context.WithTimeout(ctx, r.limits.Attempt/2)
	defer done()
	return machine.Running(ctx)
}

// Add says that a node is new: the roll neither waits for it nor needs it. It returns when the machine answers at the node's
// own address, in maintenance mode or with its config. One that is elsewhere gets its config there. It is to be called
// again, by another run of the program, after an error: what was done is found done.
func (r *Roll) Add(ctx context.Context, node Node) error {
	r.mu.Lock()
	r.settled[node.Name], r.added[node.Name] = true, true
	r.news()
	r.mu.Unlock()
	machine, err := r.machine(node)
	if err != nil {
		return err
	}
	if r.seeker != nil {
		if err := r.contact(ctx, machine, node); err != nil {
			return err
		}
	}
	return r.notAdopted(ctx, machine, node)
}

// contact has a machine answer at its node's own address: it is there already, or gets its config where it is.
func (r *Roll) contact(ctx context.Context, machine Machine, node Node) error {
	told, sent := false, false
	err := r.wait(ctx, node.Name, "its machine", r.limits.Find, func(ctx context.Context) error {
		is, seen := r.glance(ctx, machine)
		if seen == nil && !is.Maintenance {
			return nil
		}
		if seen != nil && !told {
			told = true
			r.tell(fmt.Sprintf("%s: does not answer at %s; looks for it %s", node.Name, node.Address, r.seeker.Where(node.Name)))
		}
		at, err := r.locate(ctx, node, is, seen)
		unseen := UnseenError{}
		switch {
		case errors.As(err, &unseen):
			// What a silent address ends with is another word each time.
			return unseen.Elsewhere
		case err != nil:
			return await.Stop{Err: within(node, err)}
		case at.address == node.Address:
			return nil // the provider, whose turn is next, sends the config
		}
		r.tell(fmt.Sprintf("%s: is in maintenance mode at %s, by its hardware or by name; gets its config there, and goes on at %s", node.Name, at.address, node.Address))
		if err = at.machine.Configure(ctx, node.Config); status.Code(err) == codes.InvalidArgument {
			return await.Stop{Err: fmt.Errorf("%s at %s: %w", node.Name, at.address, err)}
		}
		sent = err == nil
		return err
	})
	if err != nil || !sent {
		return err
	}
	return r.appears(ctx, machine, node)
}

// appears waits until a machine that has its config answers at its node's own address. A worker does so once a control plane
// has signed its certificate. One that could not install itself is in maintenance mode again, and gets the config again.
func (r *Roll) appears(ctx context.Context, machine Machine, node Node) error {
	sent := time.Now()
	err := r.wait(ctx, node.Name, fmt.Sprintf("it to answer at %s", node.Address), r.limits.Return, func(ctx context.Context) error {
		is, err := r.glance(ctx, machine)
		switch {
		case err == nil && is.Maintenance:
			return errors.New("a machine in maintenance mode is there")
		case err == nil || time.Since(sent) < r.limits.Again:
			return err
		}
		at, elsewhere := r.locate(ctx, node, is, err)
		if elsewhere != nil {
			return err
		}
		sent = time.Now()
		if err := at.machine.Configure(ctx, node.Config); err != nil {
			return fmt.Errorf("at %s: %w", at.address, err)
		}
		return fmt.Errorf("it was in maintenance mode at %s again, and has its config once more: its console says why", at.address)
	})
	var expired await.ExpiredError
	if errors.As(err, &expired) {
		return fmt.Errorf("%w; it has its config: look at its console, and at its network in the stack file", err)
	}
	return err
}

// Announce says in a preview what Add would do for a machine that does not answer.
func (r *Roll) Announce(node Node) {
	if r.seeker == nil {
		return
	}
	r.tell(fmt.Sprintf("%s: does not answer at %s: up will look for it %s", node.Name, node.Address, r.seeker.Where(node.Name)))
}
