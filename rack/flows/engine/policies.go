package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/cilium/cilium/pkg/k8s"
	ciliumv2 "github.com/cilium/cilium/pkg/k8s/apis/cilium.io/v2"
	networkingv1 "github.com/cilium/cilium/pkg/k8s/slim/k8s/api/networking/v1"
	"github.com/cilium/cilium/pkg/policy/api"
	"github.com/cilium/cilium/pkg/policy/types"
	"github.com/cilium/cilium/pkg/policy/utils"
	v1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// entries are the rules of all policies, read by the agent's own parsers.
func entries(log *slog.Logger, q *question) (types.PolicyEntries, error) {
	var all types.PolicyEntries
	var errs []error
	for _, raw := range q.Policies {
		var head v1.PartialObjectMetadata
		if err := json.Unmarshal(raw, &head); err != nil {
			return nil, fmt.Errorf("a policy: %w", err)
		}
		more, err := parse(log, q.Cluster, head.Kind, raw)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s %s: %w", head.Kind, path(head.Namespace, head.Name), err))
		}
		all = append(all, more...)
	}
	return all, errors.Join(errs...)
}

func parse(log *slog.Logger, cluster, kind string, raw []byte) (types.PolicyEntries, error) {
	switch kind {
	case "NetworkPolicy":
		var p networkingv1.NetworkPolicy
		if err := json.Unmarshal(raw, &p); err != nil {
			return nil, err
		}
		return k8s.ParseNetworkPolicy(log, cluster, &p)
	case "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy":
		// The second is read as the first one without a namespace, as the agent does.
		var p ciliumv2.CiliumNetworkPolicy
		if err := json.Unmarshal(raw, &p); err != nil {
			return nil, err
		}
		rules, err := p.Parse(log, cluster)
		if err != nil {
			return nil, err
		}
		if err := judgeable(rules); err != nil {
			return nil, err
		}
		return utils.RulesToPolicyEntries(rules), nil
	}
	return nil, errors.New("no kind of policy that Cilium knows")
}

// judgeable refuses rules whose peers the agent looks up while it runs: they would seem to allow nothing here.
func judgeable(rules api.Rules) error {
	for _, rule := range rules {
		for _, e := range rule.Ingress {
			if len(e.FromGroups) > 0 {
				return errors.New("fromGroups is not judged here; write fromCIDRSet or fromEndpoints")
			}
		}
		for _, e := range rule.Egress {
			if len(e.ToGroups) > 0 {
				return errors.New("toGroups is not judged here; write toCIDRSet or toEndpoints")
			}
			if len(e.ToFQDNs) > 0 || len(e.ToServices) > 0 {
				return errors.New("toFQDNs and toServices are not judged here; write toCIDRSet or toEndpoints")
			}
		}
	}
	return nil
}

func path(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}
