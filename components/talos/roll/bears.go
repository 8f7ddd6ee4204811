package roll

import (
	"context"
	"errors"
)

// BearsLoss is nil when the cluster can do without a node now: every other node is ready, etcd and the API do without
// a control plane, and storage has all copies of its data. It asks once, and does not wait. For no node, which is one
// without a name, it is nil when the whole cluster is well.
func (r *Roll) BearsLoss(ctx context.Context, node Node) error {
	cluster, err := r.connect(ctx)
	if err != nil {
		return err
	}
	errs := []error{r.othersReady(ctx, cluster, node, nil), cluster.Storage(ctx)}
	if node.ControlPlane || node.Name == "" {
		errs = append(errs, r.etcd(ctx).bearsLoss(node.Name), r.apiElsewhere(ctx, cluster, node))
	}
	return errors.Join(errs...)
}
