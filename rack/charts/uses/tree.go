package uses

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/home-ops/home-ops/internal/gitops"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// Tree is what Flux applies to a stack's cluster, out of the repository in root. Secret settings have their names for
// values.
func Tree(parts plan.Parts, root string) (*gitops.Cluster, error) {
	first, settings, err := gitops.Bootstrap(parts)
	if err != nil {
		return nil, err
	}
	cluster, problems := gitops.Load(root, first, settings)
	return cluster, errors.Join(problems...)
}

// ofTree are the HelmReleases of the tree.
func ofTree(stack *spec.Stack, parts plan.Parts, root string) ([]Use, error) {
	cluster, err := Tree(parts, root)
	if err != nil {
		return nil, err
	}
	var all []Use
	for _, o := range cluster.Objects {
		if o.GetKind() != "HelmRelease" {
			continue
		}
		place, version, err := chartOf(cluster, o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.Where(), err)
		}
		values, _, err := unstructured.NestedMap(o.Object, "spec", "values")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.Where(), err)
		}
		all = append(all, Use{
			Stack: stack.Name, Place: place, Version: version, Release: o.GetName(), Namespace: o.GetNamespace(),
			Values: values, Kubernetes: string(stack.Cluster.KubernetesVersion),
		})
	}
	return all, nil
}

// chartOf is the place and the version of the chart that a HelmRelease installs.
func chartOf(cluster *gitops.Cluster, release gitops.Object) (place, version string, err error) {
	text := func(o gitops.Object, path ...string) string {
		found, _, _ := unstructured.NestedString(o.Object, path...)
		return found
	}
	if name := text(release, "spec", "chartRef", "name"); name != "" {
		source, err := find(cluster, text(release, "spec", "chartRef", "kind"), release.GetNamespace(), name)
		if err != nil {
			return "", "", err
		}
		return text(source, "spec", "url"), text(source, "spec", "ref", "tag"), nil
	}
	source, err := find(cluster, text(release, "spec", "chart", "spec", "sourceRef", "kind"), release.GetNamespace(),
		text(release, "spec", "chart", "spec", "sourceRef", "name"))
	if err != nil {
		return "", "", err
	}
	return text(source, "spec", "url") + "/" + text(release, "spec", "chart", "spec", "chart"), text(release, "spec", "chart", "spec", "version"), nil
}

func find(cluster *gitops.Cluster, kind, namespace, name string) (gitops.Object, error) {
	for _, o := range cluster.Objects {
		if o.GetKind() == kind && o.GetNamespace() == namespace && o.GetName() == name {
			return o, nil
		}
	}
	return gitops.Object{}, fmt.Errorf("the tree has no %s %s/%s", kind, namespace, name)
}
