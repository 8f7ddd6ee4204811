package main

import (
	"fmt"
	"log/slog"
	"slices"

	"github.com/cilium/cilium/pkg/identity"
	"github.com/cilium/cilium/pkg/identity/identitymanager"
	k8sconst "github.com/cilium/cilium/pkg/k8s/apis/cilium.io"
	"github.com/cilium/cilium/pkg/labels"
	"github.com/cilium/cilium/pkg/option"
	"github.com/cilium/cilium/pkg/policy"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/u8proto"
)

// answer decides every flow.
func answer(log *slog.Logger, q *question) ([]verdict, error) {
	configure(q)
	ids, err := identities(log, q)
	if err != nil {
		return nil, err
	}
	rules, err := entries(log, q)
	if err != nil {
		return nil, err
	}
	ports := namedPorts(ids, q.Ends)
	repositories := map[string]*repository{}
	verdicts := make([]verdict, 0, len(q.Flows))
	for i, f := range q.Flows {
		if f.From >= len(ids) || f.To >= len(ids) || f.From < 0 || f.To < 0 {
			return nil, fmt.Errorf("flow %d: it is between ends %d and %d, and there are %d", i, f.From, f.To, len(ids))
		}
		host := hostOf(ids[f.From], ids[f.To])
		key := ""
		if host != nil {
			key = string(host.Labels.SortedList())
		}
		if repositories[key] == nil {
			repositories[key] = newRepository(log, ids, host, rules)
			repositories[key].SetNamedPortsGetter(ports)
		}
		v, err := repositories[key].decide(log, ids[f.From], ids[f.To], q.Ends[f.To], f)
		if err != nil {
			return nil, fmt.Errorf("flow %d, %s to %s: %w", i, q.Ends[f.From].Name, q.Ends[f.To].Name, err)
		}
		verdicts = append(verdicts, v)
	}
	return verdicts, nil
}

// configure sets what the agent's flags would set.
func configure(q *question) {
	option.Config.ClusterName = q.Cluster
	option.Config.EnableIPv4, option.Config.EnableIPv6 = q.IPv4, q.IPv6
	option.Config.EnableHostFirewall = q.HostFirewall
	// In Kubernetes a node always reaches the pods that run on it: kubelets probe them
	// (https://github.com/cilium/cilium/blob/v1.20.2/pkg/option/config.go#L1986).
	option.Config.UnsafeDaemonConfigOption.AllowLocalhost = option.AllowLocalhostAlways
	// The entity "cluster" is by the cluster's name.
	api.InitEntities(q.Cluster)
	policy.SetPolicyEnabled(option.DefaultEnforcement)
}

// repository is the policies as one node sees them: what it calls host is itself.
type repository struct {
	*policy.Repository
	ids identitymanager.IDManager
}

func newRepository(log *slog.Logger, ids []*identity.Identity, host *identity.Identity, rules types.PolicyEntries) *repository {
	known := identity.IdentityMap{}
	for _, id := range ids {
		if id.ID != identity.ReservedIdentityHost {
			known[id.ID] = id.LabelArray
		}
	}
	if host != nil {
		known[host.ID] = host.LabelArray
	}
	r := &repository{ids: identitymanager.NewIDManager(log)}
	r.Repository = policy.NewPolicyRepository(log, known, nil, nil, r.ids, noMetrics{})
	// What a rule is about is looked up apart from its peers; on a node these are its own endpoints, here every end.
	r.UpdateIdentities(known, nil)
	r.MustAddPolicyEntries(rules)
	return r
}

// hostOf is the end that is the node itself; of two, they differ only in what they are called.
func hostOf(ends ...*identity.Identity) *identity.Identity {
	for _, id := range ends {
		if id.ID == identity.ReservedIdentityHost {
			return id
		}
	}
	return nil
}

func (r *repository) decide(log *slog.Logger, from, to *identity.Identity, target end, f flow) (verdict, error) {
	protocol, err := u8proto.ParseProtocol(f.Protocol)
	if err != nil {
		return verdict{}, err
	}
	result, egress, ingress, err := policy.LookupFlow(log, r.Repository, r.ids, types.Flow{
		From: from, To: to, Proto: protocol, Dport: f.Port, NamedPortsTCP: target.TCP, NamedPortsUDP: target.UDP,
	})
	if err != nil {
		return verdict{}, err
	}
	return verdict{
		Egress:  r.half(result.Egress == types.DecisionAllowed, false, from, egress),
		Ingress: r.half(result.Ingress == types.DecisionAllowed, true, to, ingress),
	}, nil
}

func (r *repository) half(allowed, ingress bool, subject *identity.Identity, matched policy.RuleMeta) half {
	h := half{Allowed: allowed}
	for _, rule := range matched.LabelArray() {
		h.add(rule)
	}
	if !allowed && len(h.Policies) == 0 {
		r.Iterate(func(rule *types.PolicyEntry) {
			if rule.DefaultDeny && rule.Ingress == ingress && !rule.Node && rule.Subject.Matches(subject.LabelArray) {
				h.add(rule.Labels)
			}
		})
	}
	slices.Sort(h.Policies)
	return h
}

// add names the policy that a rule comes from. A rule that the engine makes up itself has no name.
func (h *half) add(rule labels.LabelArray) {
	value := func(key string) string { return rule.Get(labels.LabelSourceK8s + ":" + key) }
	name := value(k8sconst.PolicyLabelName)
	if name == "" {
		return
	}
	name = value(k8sconst.PolicyLabelDerivedFrom) + " " + path(value(k8sconst.PolicyLabelNamespace), name)
	if !slices.Contains(h.Policies, name) {
		h.Policies = append(h.Policies, name)
	}
}

// noMetrics counts no policies.
type noMetrics struct{}

func (noMetrics) AddRule(types.PolicyEntry) {}
func (noMetrics) DelRule(types.PolicyEntry) {}
