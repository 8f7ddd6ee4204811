package component_test

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/internal/component"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/internal/recorder"
)

// Each step of a plan becomes one resource, a child of the component called
// COMPONENT-STEP.
func ExampleComponent_Apply() {
	steps := plan.Steps{
		{Name: "namespace", Object: &corev1.Namespace{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
			ObjectMeta: metav1.ObjectMeta{Name: "dns"},
		}},
		{
			Name: "token",
			Object: &corev1.Secret{
				TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
				ObjectMeta: metav1.ObjectMeta{Name: "token", Namespace: "dns"},
			},
			From:  []plan.From{{Path: []string{"stringData", "token"}, Value: "api-token"}},
			After: []string{"namespace"},
		},
	}
	rec := &recorder.Recorder{}
	err := rec.Run(func(ctx *pulumi.Context) error {
		var provider pulumi.ProviderResourceState
		if err := ctx.RegisterResource("pulumi:providers:kubernetes", "cluster", nil, &provider); err != nil {
			return err
		}
		var server pulumi.ResourceState
		c, err := component.Register(ctx, "DNSServer", "dns", &server)
		if err != nil {
			return err
		}
		_, err = c.Apply(steps, component.Inputs{
			Provider: &provider,
			Values:   map[string]pulumi.Input{"api-token": pulumi.String("not for the log")},
		})
		return err
	}, "home")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, resource := range rec.Resources() {
		fmt.Println(resource.Type, resource.Name, resource.Dependencies())
	}
	// Output:
	// homeops:index:DNSServer dns []
	// kubernetes:core/v1:Namespace dns-namespace []
	// kubernetes:core/v1:Secret dns-token [dns-namespace]
	// pulumi:providers:kubernetes cluster []
}
