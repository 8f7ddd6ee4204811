package certmanager

import (
	"context"
	"errors"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// Controller issues certificates while cert-manager runs.
func Controller() cluster.Controller {
	var public *authority
	return cluster.Controller{
		Name: "cert-manager", Operators: []string{"cert-manager"},
		Kinds: []cluster.Kind{cluster.Secrets, Issuers, ClusterIssuers, Certificates},
		Pass: func(ctx context.Context, c *cluster.Cluster, pods []cluster.Pod) error {
			if public == nil {
				var err error
				if public, err = simulated(); err != nil {
					return err
				}
			}
			p := &pass{Cluster: c, ctx: ctx, operator: pods[0].Namespace, public: public}
			return errors.Join(p.issuers(Issuers), p.issuers(ClusterIssuers), p.certificates())
		},
	}
}

// pass is one look at everything.
type pass struct {
	*cluster.Cluster
	ctx context.Context
	// operator is the namespace of cert-manager.
	operator string
	// public is what stands for the ACME authorities of the world.
	public *authority
}
