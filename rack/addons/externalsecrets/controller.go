package externalsecrets

import (
	"context"
	"errors"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// Controller plays External Secrets. The function tells at which URL the rack answers for a store's Connect server.
func Controller(connectURL func(host string) string) cluster.Controller {
	return cluster.Controller{
		Name: "external-secrets", Operators: []string{"external-secrets"},
		Kinds: []cluster.Kind{cluster.Secrets, cluster.Services, Stores, ClusterStores, Externals},
		Pass: func(ctx context.Context, c *cluster.Cluster, pods []cluster.Pod) error {
			p := &pass{Cluster: c, ctx: ctx, operator: pods[0].Namespace, connectURL: connectURL}
			return errors.Join(p.stores(Stores), p.stores(ClusterStores), p.externals())
		},
	}
}

// pass is one look at everything.
type pass struct {
	*cluster.Cluster
	ctx context.Context
	// operator is the namespace of External Secrets.
	operator   string
	connectURL func(host string) string
}
