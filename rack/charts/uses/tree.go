package uses

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/home-ops/home-ops/components/flux/settings"
	fluxvalues "github.com/home-ops/home-ops/components/flux/values"
	"github.com/home-ops/home-ops/internal/tree"
	"github.com/home-ops/home-ops/spec"
)

// Tree is what Flux applies to a stack's cluster, out of the repository in root. Secret settings have a word for a
// value.
func Tree(stack *spec.Stack, root string) (*tree.Cluster, error) {
	chart, err := fluxvalues.For(stack)
	if err != nil {
		return nil, err
	}
	first, err := tree.Root(chart)
	if err != nil {
		return nil, err
	}
	given := tree.Settings{Public: settings.For(stack), Secret: map[string]string{}}
	for name := range settings.SecretRefs(stack) {
		given.Secret[name] = "secret"
	}
	cluster, problems := tree.Load(root, first, given)
	return cluster, errors.Join(problems...)
}

// ofTree are the HelmReleases of the tree.
func ofTree(stack *spec.Stack, root string) ([]Use, error) {
	cluster, err := Tree(stack, root)
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
func chartOf(cluster *tree.Cluster, release tree.Object) (place, version string, err error) {
	text := func(o tree.Object, path ...string) string {
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

func find(cluster *tree.Cluster, kind, namespace, name string) (tree.Object, error) {
	for _, o := range cluster.Objects {
		if o.GetKind() == kind && o.GetNamespace() == namespace && o.GetName() == name {
			return o, nil
		}
	}
	return tree.Object{}, fmt.Errorf("the tree has no %s %s/%s", kind, namespace, name)
}
