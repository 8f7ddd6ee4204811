package roll

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// drain moves the pods off a node that goes down. A node that a person has cordoned
// stays so afterwards. Where there is no other node that pods could go to, they stay
// and come back with it.
func (r *Roll) drain(ctx context.Context, cluster Cluster, node Node) error {
	elsewhere := false
	for _, other := range r.all {
		if other.Name == node.Name {
			continue
		}
		state, err := cluster.Node(ctx, other.Name)
		if err != nil {
			return fmt.Errorf("%s: %s cannot be looked at: %w", node.Name, other.Name, err)
		}
		elsewhere = elsewhere || state.Ready && !state.Cordoned
	}
	state, err := cluster.Node(ctx, node.Name)
	if err != nil {
		return fmt.Errorf("%s: %w", node.Name, err)
	}
	if !state.Cordoned {
		if err := cluster.Cordon(ctx, node.Name); err != nil {
			return fmt.Errorf("%s: cordon: %w", node.Name, err)
		}
	}
	if !elsewhere {
		r.tell(node.Name + ": its pods stay, since no other node could take them")
		return nil
	}
	return r.wait(ctx, node.Name, "its pods to leave", r.limits.Drain, func(ctx context.Context) error {
		pods, err := cluster.Pods(ctx, node.Name)
		if err != nil {
			return err
		}
		return evict(ctx, cluster, pods)
	})
}

// evict asks every pod to leave. The error names those that are still there, with the
// budgets that keep them.
func evict(ctx context.Context, cluster Cluster, pods []Pod) error {
	var kept, leaving []string
	for _, pod := range pods {
		err := cluster.Evict(ctx, pod)
		var budget BudgetError
		switch {
		case errors.As(err, &budget):
			kept = append(kept, budget.Error())
		case err != nil:
			return fmt.Errorf("%s: %w", pod, err)
		default:
			leaving = append(leaving, pod.String())
		}
	}
	switch {
	case len(kept) > 0:
		return fmt.Errorf("disruption budgets keep %d: %s", len(kept), strings.Join(kept, "; "))
	case len(leaving) > 0:
		return errors.New("they are on their way")
	}
	return nil
}
