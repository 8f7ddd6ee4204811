package talos

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/siderolabs/talos/pkg/machinery/constants"

	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/internal/discover"
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

// announce says in a preview that a new machine is not at its node's address. Nothing is searched.
func (r *rolling) announce(ctx context.Context, args *pulumi.ResourceHookArgs) error {
	node, err := r.nodeOf(args)
	if err != nil || r.reach == nil {
		return err
	}
	if r.reach(ctx, net.JoinHostPort(node.Address.String(), strconv.Itoa(constants.ApidPort))) != nil {
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
