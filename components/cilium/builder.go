package cilium

import (
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/cilium/bgp"
	"github.com/home-ops/home-ops/components/cilium/gatewayapi"
	"github.com/home-ops/home-ops/components/cilium/objects"
	"github.com/home-ops/home-ops/components/cilium/values"
	"github.com/home-ops/home-ops/internal/helm"
	"github.com/home-ops/home-ops/internal/manifest"
)

// chart is Cilium's chart.
const chart = "oci://quay.io/cilium/charts/cilium"

// patience is how long Cilium may take to run on every node: pulling its images
// over a home's line is what takes time.
const patience = 10 * time.Minute

// builder holds what every step of New needs.
type builder struct {
	ctx    *pulumi.Context
	name   string
	args   *Args
	plan   *bgp.Plan
	parent *Networking
}

// options are those of every resource.
func (b *builder) options(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{pulumi.Parent(b.parent), pulumi.Provider(b.args.Provider)}, more...)
}

// gatewayKinds come before Cilium, whose operator looks for them once, when it
// starts, and without them does not serve gateways at all. They outlive the
// stack's use of them, because a kind takes every object of it along.
func (b *builder) gatewayKinds() ([]pulumi.Resource, error) {
	if !b.args.Stack.Cilium.GatewayAPI.Enabled {
		return nil, nil
	}
	source := b.args.GatewayKinds
	if source == nil {
		source = gatewayapi.Fetch
	}
	stack := b.args.Stack
	release, err := source(b.ctx.Context(), stack.Versions.GatewayAPI, stack.Cilium.GatewayAPI.Channel)
	if err != nil {
		return nil, fmt.Errorf("cilium: %w", err)
	}
	var kinds []pulumi.Resource
	for _, object := range release {
		kind, err := manifest.New(b.ctx, b.name+"-"+resourceName(object), object, b.options(pulumi.RetainOnDelete(true))...)
		if err != nil {
			return nil, err
		}
		kinds = append(kinds, kind)
	}
	return kinds, nil
}

// resourceName is "gateway-api-httproutes" for a kind; what else a release holds
// has its own kind in front, since there names repeat.
func resourceName(object gatewayapi.Object) string {
	short, _, _ := strings.Cut(object.Name(), ".")
	if kind, _ := object["kind"].(string); kind != "CustomResourceDefinition" {
		short = strings.ToLower(kind) + "-" + short
	}
	return "gateway-api-" + short
}

// release is not atomic: an agent that is half rolled out still carries traffic,
// and the next update goes on from there. Taking the network away, or putting an
// older one under running pods, would cost more than it mends.
func (b *builder) release(kinds []pulumi.Resource) (*helm.Release, error) {
	chartValues, err := values.For(b.args.Stack, b.plan)
	if err != nil {
		return nil, err
	}
	return helm.NewRelease(b.ctx, b.name+"-release", &helm.Args{
		Name:      "cilium",
		Chart:     chart,
		Version:   string(b.args.Stack.Versions.Cilium),
		Namespace: metav1.NamespaceSystem,
		Values:    pulumi.ToMap(chartValues),
		Timeout:   patience,
	}, b.options(pulumi.DependsOn(kinds))...)
}

// passwords are Secrets that Cilium reads by the name that the peer's config has.
// They need nothing but the API.
func (b *builder) passwords() error {
	if b.plan == nil {
		return nil
	}
	for _, session := range b.plan.Sessions {
		if session.PasswordRef == "" {
			continue
		}
		_, err := manifest.NewWith(b.ctx, b.name+"-bgp-password-"+session.Name, &corev1.Secret{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
			ObjectMeta: metav1.ObjectMeta{Name: objects.PasswordSecret(session), Namespace: metav1.NamespaceSystem},
		}, []manifest.Field{{
			Path:  []string{"stringData", "password"},
			Value: b.args.BGPPasswords[session.PasswordRef],
		}}, b.options()...)
		if err != nil {
			return err
		}
	}
	return nil
}

// objects come after the release: Cilium's operator installs their kinds when it
// starts.
func (b *builder) objects(release *helm.Release, tell []objects.Object) ([]pulumi.Resource, error) {
	var made []pulumi.Resource
	for _, object := range tell {
		resource, err := manifest.New(b.ctx, b.name+"-"+object.Name, object.Body,
			b.options(pulumi.DependsOn([]pulumi.Resource{release}))...)
		if err != nil {
			return nil, err
		}
		made = append(made, resource)
	}
	return made, nil
}
