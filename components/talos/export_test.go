package talos

import (
	"context"
	"time"

	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/spec"
)

// EnsureEtcdSoon is EnsureEtcd with short intervals, until ctx ends.
func EnsureEtcdSoon(ctx context.Context, nodes []spec.Node, c Credentials) error {
	return ensureEtcd(ctx, nodes, c, soon())
}

// RestoreEtcdSoon is RestoreEtcd with short intervals, until ctx ends.
func RestoreEtcdSoon(ctx context.Context, snapshot string, nodes []spec.Node, c Credentials) error {
	return startEtcd(ctx, nodes, c, soon(), start{snapshot: snapshot})
}

func soon() patience {
	return patience{all: time.Minute, attempt: time.Minute, forgotten: 200 * time.Millisecond, interval: 20 * time.Millisecond}
}

// RollOptions are those that the cluster of a stack rolls with.
func RollOptions(stack *spec.Stack) roll.Options {
	return (&rolling{stack: stack, access: &access{}}).options(nil)
}
