package component

import (
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Provider is a Kubernetes provider, and the hooks of every Helm release that a plan makes
// through it.
type Provider struct {
	*kubernetes.Provider

	// Releases are called before and after a release is made or changed.
	Releases *pulumi.ResourceHookBinding
}

// Service is a provider of things at an outside service, and the hooks of each thing that is
// made through it.
type Service struct {
	pulumi.ProviderResource

	// Things are called before and after a thing is made.
	Things *pulumi.ResourceHookBinding
}

// releaseHooks are those of the provider, if it has any.
func releaseHooks(provider pulumi.ProviderResource) []pulumi.ResourceOption {
	if p, ok := provider.(*Provider); ok && p.Releases != nil {
		return []pulumi.ResourceOption{pulumi.ResourceHooks(p.Releases)}
	}
	return nil
}
