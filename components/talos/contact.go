package talos

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/siderolabs/talos/pkg/machinery/constants"

	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/internal/discover"
	"github.com/home-ops/home-ops/spec"
)

// Reach is nil when somebody answers at an address, host:port.
type Reach func(ctx context.Context, address string) error

// add has a new machine be at its node's address before the provider sends the config there: that of a bare machine is
// often another. The provider then sends a config that the machine has already, as after a roll.
func (r *rolling) add(ctx context.Context, args *pulumi.ResourceHookArgs) error {
	wanted, err := r.wanted(args)
	if err != nil {
		return err
	}
	return r.changer.Add(ctx, wanted)
}

// away are the workers that do not answer at their addresses, by name. A worker that gets its config elsewhere is seen there
// once a control plane has signed its certificate. A hook that waits for that takes one of the engine's operations, and an
// update that fails does not end before it: hence it is not to begin before there is a control plane.
func (b *builder) away() map[string]bool {
	away := map[string]bool{}
	if b.args.Reach == nil || b.ctx.DryRun() {
		return away
	}
	var mu sync.Mutex
	var looking sync.WaitGroup
	for _, node := range b.args.Stack.Nodes {
		if node.IsControlPlane() {
			continue
		}
		looking.Go(func() {
			if reach(b.ctx.Context(), b.args.Reach, node) == nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			away[node.Name] = true
		})
	}
	looking.Wait()
	return away
}

func reach(ctx context.Context, reach Reach, node spec.Node) error {
	return reach(ctx, net.JoinHostPort(node.Address.String(), strconv.Itoa(constants.ApidPort)))
}

// announce says in a preview that a new machine is not at its node's address. Nothing is searched.
func (r *rolling) announce(ctx context.Context, args *pulumi.ResourceHookArgs) error {
	node, err := r.nodeOf(args)
	if err != nil || r.reach == nil {
		return err
	}
	if reach(ctx, r.reach, node) != nil {
		r.changer.Announce(roll.NodeOf(r.stack, node))
	}
	return nil
}

// seeker is a [discover.Finder], as a roll asks it.
type seeker struct{ *discover.Finder }

// Seek implements [roll.Seeker].
func (s seeker) Seek(ctx context.Context, name string) (netip.Addr, error) {
	m, err := s.Find(ctx, name)
	if missing := (discover.NotFoundError{}); errors.As(err, &missing) {
		return netip.Addr{}, roll.UnseenError{Elsewhere: err}
	}
	return m.Address, err
}
