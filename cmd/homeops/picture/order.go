package picture

import (
	"fmt"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/internal/gitops"
	"github.com/home-ops/home-ops/internal/plan"
)

// Components, as stacks names them in Pulumi.
const (
	componentCilium      = "cilium"
	componentRook        = "rook"
	componentEdge        = "edge"
	componentSecretStore = "secretstore"
	componentFlux        = "flux"
)

// bringsAbout is which component makes a condition hold.
func bringsAbout(c plan.Condition) (string, error) {
	switch c {
	case plan.Network, plan.LoadBalancer, plan.GatewayAPI:
		return componentCilium, nil
	case plan.Gateways:
		return componentEdge, nil
	case plan.SecretStore:
		return componentSecretStore, nil
	case plan.Repository:
		return componentFlux, nil
	default:
		return "", fmt.Errorf("nobody is known who brings about %q", c)
	}
}

// station is a component with what it puts into the cluster and what it waits for.
type station struct {
	component string
	objects   int
	releases  []string
	// after are the components that come before it.
	after []string
}

// stations are the components of a plan in waves: each is in the first wave in which nothing that it waits for is still to come.
func stations(parts plan.Parts) ([][]station, error) {
	var all []station
	for _, part := range parts {
		if part.Component == "" {
			continue // the cluster's identity, which needs the API alone
		}
		s := station{component: part.Component}
		for _, step := range part.Steps {
			if step.Release != nil {
				s.releases = append(s.releases, step.Release.Name)
			} else {
				s.objects++
			}
			for _, need := range step.Needs {
				by, err := bringsAbout(need)
				if err != nil {
					return nil, err
				}
				if by != s.component && !slices.Contains(s.after, by) {
					s.after = append(s.after, by)
				}
			}
		}
		all = append(all, s)
	}
	return waves(all, func(s station) string { return s.component }, func(s station) []string { return s.after })
}

// kustomizations are those of a tree in waves, without the root, which only lists the others.
func kustomizations(tree *gitops.Cluster) ([][]*gitops.Kustomization, error) {
	if len(tree.Kustomizations) == 0 {
		return nil, nil
	}
	return waves(tree.Kustomizations[1:], (*gitops.Kustomization).Key, (*gitops.Kustomization).Dependencies)
}

// waves sorts things by what they wait for: each is in the first wave before which all of that has come. What waits for
// something that is not among them does not wait in the picture. A circle is an error.
func waves[T any](all []T, name func(T) string, after func(T) []string) ([][]T, error) {
	known, done := map[string]bool{}, map[string]bool{}
	for _, one := range all {
		known[name(one)] = true
	}
	var out [][]T
	for rest := all; len(rest) > 0; {
		var wave, later []T
		for _, one := range rest {
			if slices.ContainsFunc(after(one), func(other string) bool { return known[other] && !done[other] }) {
				later = append(later, one)
			} else {
				wave = append(wave, one)
			}
		}
		if len(wave) == 0 {
			var names []string
			for _, one := range rest {
				names = append(names, name(one))
			}
			return nil, fmt.Errorf("these wait for each other: %s", strings.Join(names, ", "))
		}
		for _, one := range wave {
			done[name(one)] = true
		}
		out, rest = append(out, wave), later
	}
	return out, nil
}
