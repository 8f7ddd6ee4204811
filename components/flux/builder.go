package flux

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/flux/objects"
	"github.com/home-ops/home-ops/components/flux/settings"
	"github.com/home-ops/home-ops/components/flux/values"
	"github.com/home-ops/home-ops/internal/helm"
	"github.com/home-ops/home-ops/internal/manifest"
)

// charts is where the charts of the operator and of its instance are.
const charts = "oci://ghcr.io/controlplaneio-fluxcd/charts/"

// operatorPatience is how long the operator may take to run.
const operatorPatience = 5 * time.Minute

// builder holds what every step of New needs.
type builder struct {
	ctx    *pulumi.Context
	name   string
	args   *Args
	parent *FluxBootstrap
}

// options are those of every resource in the cluster.
func (b *builder) options(after ...pulumi.Resource) []pulumi.ResourceOption {
	return []pulumi.ResourceOption{
		pulumi.Parent(b.parent), pulumi.Provider(b.args.Provider), pulumi.DependsOn(after),
	}
}

// object makes an object, once after is there.
func (b *builder) object(name string, body any, after ...pulumi.Resource) (*manifest.Resource, error) {
	return manifest.New(b.ctx, b.name+"-"+name, body, b.options(after...)...)
}

// secret makes a Secret of Flux's namespace: data as it is, and values that others
// produce.
func (b *builder) secret(
	name, called string, data map[string]string, values map[string]pulumi.StringInput, after ...pulumi.Resource,
) (*manifest.Resource, error) {
	fields := make([]manifest.Field, 0, len(values))
	for key, value := range values {
		fields = append(fields, manifest.Field{Path: []string{"stringData", key}, Value: value})
	}
	return manifest.NewWith(b.ctx, b.name+"-"+name, &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: called, Namespace: objects.Namespace},
		StringData: data,
	}, fields, b.options(after...)...)
}

func (b *builder) namespace() (*manifest.Resource, error) {
	return b.object("namespace", objects.Home())
}

// settings are what the tree is filled in with, and the key that it is decrypted with.
func (b *builder) settings(namespace pulumi.Resource) ([]pulumi.Resource, error) {
	plain, err := b.object("settings", objects.Settings(b.args.Stack), namespace)
	if err != nil {
		return nil, err
	}
	secrets, err := b.secret("secrets", settings.Secret, nil, b.args.ClusterSecrets, namespace)
	if err != nil {
		return nil, err
	}
	sops := b.args.Stack.Secrets.SOPS
	if sops == nil {
		return []pulumi.Resource{plain, secrets}, nil
	}
	// Flux knows an age key by the ending of its name
	// (https://fluxcd.io/flux/components/kustomize/kustomizations/#age-secret-entry).
	key, err := b.secret("sops", sops.SecretName, nil, map[string]pulumi.StringInput{"age.agekey": b.args.SopsKey}, namespace)
	return []pulumi.Resource{plain, secrets, key}, err
}

// operator brings the kind by which Flux is asked for.
func (b *builder) operator(namespace pulumi.Resource) (*helm.Release, error) {
	return helm.NewRelease(b.ctx, b.name+"-operator", &helm.Args{
		Name:      "flux-operator",
		Chart:     charts + "flux-operator",
		Version:   string(b.args.Stack.Versions.FluxOperator),
		Namespace: objects.Namespace,
		Timeout:   operatorPatience,
	}, b.options(append([]pulumi.Resource{namespace}, b.args.Network...)...)...)
}

// instance is Flux itself. Its chart's health check ends when the operator reports
// that Flux runs, so that Flux's kinds are there for what comes after.
func (b *builder) instance(operator pulumi.Resource, needs []pulumi.Resource) (*helm.Release, error) {
	chartValues, err := values.For(b.args.Stack)
	if err != nil {
		return nil, err
	}
	return helm.NewRelease(b.ctx, b.name+"-instance", &helm.Args{
		Name:      "flux-instance",
		Chart:     charts + "flux-instance",
		Version:   string(b.args.Stack.Versions.FluxInstance),
		Namespace: objects.Namespace,
		Values:    pulumi.ToMap(chartValues),
		// The health check has a time of its own, and tells more when it runs out.
		Timeout: values.Patience + time.Minute,
	}, b.options(append(needs, operator)...)...)
}
