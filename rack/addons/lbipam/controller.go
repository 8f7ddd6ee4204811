package lbipam

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/cilium"
	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// Pools is the kind of the pools.
var Pools = cluster.Kind{Group: "cilium.io", Version: "v2", Resource: "ciliumloadbalancerippools"}

// satisfied is the condition of a Service that tells whether it has its addresses.
const satisfied = "cilium.io/IPAMRequestSatisfied"

// Controller gives Services their addresses while Cilium's operator runs.
func Controller() cluster.Controller {
	awake := false
	return cluster.Controller{
		Name: "cilium-operator-lb-ipam", Operators: []string{"cilium-operator"},
		Kinds: []cluster.Kind{cluster.Services, cluster.ConfigMaps, Pools},
		Pass: func(ctx context.Context, c *cluster.Cluster, _ []cluster.Pod) error {
			pools := cluster.Read[pool](c, Pools)
			// Without a pool the operator touches no Service, but for those that the last one leaves behind.
			if len(pools) == 0 && !awake || !cilium.SettingsOf(c).On("enable-lb-ipam", true) {
				return nil
			}
			err := pass(ctx, c, pools)
			awake = len(pools) > 0 || err != nil
			return err
		},
	}
}

func pass(ctx context.Context, c *cluster.Cluster, items []cluster.Item[pool]) error {
	slices.SortStableFunc(items, func(a, b cluster.Item[pool]) int {
		return a.Typed.CreationTimestamp.Compare(b.Typed.CreationTimestamp.Time)
	})
	var errs []error
	a := &assignment{taken: map[netip.Addr][]*request{}}
	ranges, pools := map[*pool][]*addresses{}, []*pool{}
	for _, item := range items {
		list, err := rangesOf(item.Typed)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		pools, ranges[item.Typed] = append(pools, item.Typed), list
		a.ranges = append(a.ranges, list...)
	}
	settleConflicts(pools, ranges)
	errs = append(errs, serve(ctx, c, a))
	for _, item := range items {
		if ranges[item.Typed] == nil {
			continue
		}
		count(item.Typed, ranges[item.Typed], a.taken)
		errs = append(errs, c.WriteStatus(ctx, Pools, item.Object, item.Typed.Status))
	}
	return errors.Join(errs...)
}

// serve gives every Service its addresses and takes them from those that are no longer Cilium's.
func serve(ctx context.Context, c *cluster.Cluster, a *assignment) error {
	services := cluster.Read[corev1.Service](c, cluster.Services)
	slices.SortStableFunc(services, func(x, y cluster.Item[corev1.Service]) int {
		return cmp.Or(x.Typed.CreationTimestamp.Compare(y.Typed.CreationTimestamp.Time), cmp.Compare(cluster.Key(x.Typed), cluster.Key(y.Typed)))
	})
	settings := cilium.SettingsOf(c)
	var mine []cluster.Item[corev1.Service]
	var requests []*request
	var errs []error
	for _, item := range services {
		switch {
		case ours(item.Typed, settings):
			mine, requests = append(mine, item), append(requests, requestOf(item.Typed, settings))
		case meta.FindStatusCondition(item.Typed.Status.Conditions, satisfied) != nil:
			meta.RemoveStatusCondition(&item.Typed.Status.Conditions, satisfied)
			item.Typed.Status.LoadBalancer.Ingress = nil
			errs = append(errs, c.WriteStatus(ctx, cluster.Services, item.Object, item.Typed.Status))
		}
	}
	refusals := a.assign(requests)
	for i, item := range mine {
		tell(item.Typed, requests[i], refusals[i])
		errs = append(errs, c.WriteStatus(ctx, cluster.Services, item.Object, item.Typed.Status))
	}
	return errors.Join(errs...)
}

// tell writes into a Service's status what it got.
func tell(s *corev1.Service, r *request, why refusal) {
	var ingress []corev1.LoadBalancerIngress
	for _, address := range r.given {
		entry := corev1.LoadBalancerIngress{IP: address.String()}
		// The API server adds to an entry what Cilium does not know.
		if i := slices.IndexFunc(s.Status.LoadBalancer.Ingress, func(e corev1.LoadBalancerIngress) bool { return e.IP == entry.IP }); i >= 0 {
			entry = s.Status.LoadBalancer.Ingress[i]
		}
		ingress = append(ingress, entry)
	}
	s.Status.LoadBalancer.Ingress = ingress
	condition := metav1.Condition{Type: satisfied, Status: metav1.ConditionFalse, ObservedGeneration: s.Generation, Reason: why.reason, Message: why.message}
	if r.satisfied() {
		condition.Status, condition.Reason = metav1.ConditionTrue, "satisfied"
	}
	meta.SetStatusCondition(&s.Status.Conditions, condition)
}

func current(s *corev1.Service) []netip.Addr {
	var list []netip.Addr
	for _, entry := range s.Status.LoadBalancer.Ingress {
		if address, err := netip.ParseAddr(entry.IP); err == nil && !slices.Contains(list, address) {
			list = append(list, address)
		}
	}
	return list
}
