package edge

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/edge/objects"
	"github.com/home-ops/home-ops/internal/manifest"
)

// patience is how long a chart may take to run: pulling its images over a home's
// line is what takes time.
const patience = 10 * time.Minute

// namespaces come before everything that is in them.
func (b *builder) namespaces() (err error) {
	network, certManager := objects.Namespaces()
	if b.network, err = b.object(network.Name, network.Body); err != nil {
		return err
	}
	b.certManager, err = b.object(certManager.Name, certManager.Body)
	return err
}

// policies need nothing but Cilium's kinds, and are there before the pods.
func (b *builder) policies() error {
	for _, policy := range objects.Policies(b.stack) {
		if _, err := b.object(policy.Name, policy.Body, b.args.Network...); err != nil {
			return err
		}
	}
	return nil
}

// secret makes a Secret with one value.
func (b *builder) secret(
	resource, namespace, name, key string, value pulumi.StringInput, in pulumi.Resource,
) (*manifest.Resource, error) {
	return manifest.NewWith(b.ctx, b.name+"-"+resource, &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
	}, []manifest.Field{{Path: []string{"stringData", key}, Value: value}}, b.options(pulumi.DependsOn([]pulumi.Resource{in}))...)
}
