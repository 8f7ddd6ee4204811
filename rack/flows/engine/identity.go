package main

import (
	"fmt"
	"log/slog"
	"net/netip"
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	k8sutils "github.com/cilium/cilium/pkg/k8s/utils"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/labelsfilter"
	v1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// identities are those of the ends, in their order. Two ends with the same labels are one identity, as in a cluster.
func identities(log *slog.Logger, q *question) ([]*identity.Identity, error) {
	if err := labelsfilter.ParseLabelPrefixCfg(log, nil, nil, ""); err != nil {
		return nil, err
	}
	known := map[string]*identity.Identity{}
	next := identity.MinimalNumericIdentity
	all := make([]*identity.Identity, 0, len(q.Ends))
	for _, e := range q.Ends {
		set, err := labelsOf(q, e)
		if err != nil {
			return nil, fmt.Errorf("end %s: %w", e.Name, err)
		}
		key := string(set.SortedList())
		if known[key] == nil {
			number := next
			if slices.Contains(e.Entities, labels.IDNameHost) {
				number = identity.ReservedIdentityHost
			} else {
				next++
			}
			known[key] = identity.NewIdentity(number, set)
		}
		all = append(all, known[key])
	}
	return all, nil
}

// labelsOf are the labels that make an end's identity. A pod's pass through the agent's own rules: some labels of
// Kubernetes never reach an identity, and a policy that selects by them selects nothing.
func labelsOf(q *question, e end) (labels.Labels, error) {
	switch {
	case e.Address != "":
		address, err := netip.ParseAddr(e.Address)
		if err != nil {
			return nil, err
		}
		return labels.GetCIDRLabels(netip.PrefixFrom(address, address.BitLen())), nil
	case len(e.Entities) > 0:
		set := labels.Labels{}
		for _, entity := range e.Entities {
			set[entity] = labels.NewLabel(entity, "", labels.LabelSourceReserved)
		}
		return set, nil
	case e.Namespace == "":
		return nil, fmt.Errorf("it has neither a namespace nor an address nor entities")
	}
	namespaceLabels, ok := q.Namespaces[e.Namespace]
	if !ok {
		return nil, fmt.Errorf("there is no namespace %s", e.Namespace)
	}
	namespace := &v1.ObjectMeta{Name: e.Namespace, Labels: namespaceLabels}
	sanitized := k8sutils.SanitizePodLabels(e.Labels, namespace, e.ServiceAccount, q.Cluster)
	set, _ := labelsfilter.Filter(labels.Map2Labels(sanitized, labels.LabelSourceK8s))
	return set, nil
}
