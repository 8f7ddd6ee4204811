package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"k8s.io/client-go/rest"

	"github.com/home-ops/home-ops/spec"
)

// moveVIP gives the API another address, where there are control planes enough to hold both meanwhile. Without the former
// endpoint as the issuer of the pods' tokens that is refused.
func (r *rehearsal) moveVIP(ctx context.Context, c *cluster) error {
	if !r.spareVIP.IsValid() || len(r.stack.ControlPlanes()) < 2 {
		return nil
	}
	was, endpoint := r.stack.Network.VIP, r.stack.ClusterEndpoint()
	move := topicKey("network", "vip", r.spareVIP.String())
	err := r.refused(ctx, "another VIP without the issuer of the tokens is refused", move, "the tokens that pods hold name "+endpoint)
	if err != nil {
		return err
	}
	err = r.edit(func(config map[string]any) error {
		return errors.Join(move(config), clusterKey("serviceAccountIssuer", endpoint)(config))
	})
	if err != nil {
		return err
	}
	return r.phase("vip", "pulumi up with another VIP", func() error { return r.vipMoved(ctx, c, was) })
}

func (r *rehearsal) vipMoved(ctx context.Context, c *cluster, was netip.Addr) error {
	moved := rest.CopyConfig(c.rest)
	moved.Host = r.stack.ClusterEndpoint()
	did, err := r.actAt(ctx, []*rest.Config{c.rest, moved}, "another VIP", func() error {
		if _, err := r.cli.Up(ctx); err != nil {
			return err
		}
		return within(ctx, comesBack, r.observe)
	})
	r.came(did, "the API answers at it", err)
	r.judge(did, nil, true)
	if err != nil {
		return err
	}
	r.left(net.JoinHostPort(was.String(), spec.APIPort))
	opened, err := r.openCluster(ctx)
	if err == nil {
		*c = *opened
	}
	return err
}

// left is whether nobody holds the former address.
func (r *rehearsal) left(address string) {
	r.addChecked("another VIP: nobody holds the former", address, silent(address))
}

// silent is an error when somebody takes connections at an address.
func silent(address string) error {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return nil //nolint:nilerr // that is what is wanted
	}
	return errors.Join(fmt.Errorf("somebody answers at %s", address), conn.Close())
}
