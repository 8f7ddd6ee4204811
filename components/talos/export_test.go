package talos

import (
	"context"
	"time"

	"github.com/home-ops/home-ops/spec"
)

// EnsureEtcdWithin is EnsureEtcd in less time.
func EnsureEtcdWithin(ctx context.Context, all, forgotten time.Duration, nodes []spec.Node, c Credentials) error {
	return ensureEtcd(ctx, nodes, c, patience{
		all: all, forgotten: forgotten, attempt: 5 * time.Second, interval: 20 * time.Millisecond,
	})
}
