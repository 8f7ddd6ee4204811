package externalsecrets

import (
	"context"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

const (
	// firstRetry is the wait after the first failure with an ExternalSecret; it doubles up to lastRetry, as with External Secrets.
	firstRetry = time.Second
	lastRetry  = 7 * time.Minute
)

// Controller plays External Secrets. The function tells at which URL the rack answers for a store's Connect server; nil: where the
// store says.
func Controller(connectURL func(host string) string) cluster.Controller {
	if connectURL == nil {
		connectURL = func(host string) string { return host }
	}
	failures := map[types.UID]int{}
	return cluster.Controller{
		Name: "external-secrets", Operators: []string{"external-secrets"},
		Kinds: []cluster.Kind{cluster.Secrets, cluster.Services, Stores, ClusterStores, Externals},
		Pass: func(ctx context.Context, c *cluster.Cluster, _ []cluster.Pod) error {
			p := &pass{Cluster: c, ctx: ctx, connectURL: connectURL, failures: failures}
			return errors.Join(p.stores(Stores), p.stores(ClusterStores), p.externals())
		},
	}
}

// pass is one look at everything.
type pass struct {
	*cluster.Cluster
	ctx        context.Context
	connectURL func(host string) string
	// failures counts them in a row, by the ExternalSecret.
	failures map[types.UID]int
}

// failed has the controller look again at what failed.
func (p *pass) failed(id types.UID) {
	wait := min(lastRetry, firstRetry<<min(p.failures[id], 10))
	p.failures[id]++
	p.Again(wait)
}
