package gitops

import (
	"fmt"
	"io/fs"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// Kinds are the kinds that an API server knows, with the form of each.
type Kinds struct {
	types       *runtime.Scheme
	definitions []fs.FS
	// read are the groups whose definitions were read, into schemas.
	read    map[string]bool
	schemas map[schema.GroupVersionKind]*crdSchema
}

// NewKinds are Kubernetes' own kinds and the Gateway API's.
func NewKinds() (*Kinds, error) {
	k := &Kinds{
		types: runtime.NewScheme(), read: map[string]bool{}, schemas: map[schema.GroupVersionKind]*crdSchema{},
	}
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, appsv1.AddToScheme, batchv1.AddToScheme, networkingv1.AddToScheme,
		policyv1.AddToScheme, rbacv1.AddToScheme, storagev1.AddToScheme, gatewayv1.Install,
	} {
		if err := add(k.types); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// CheckKinds reports objects that the API server would refuse or prune: with a field
// that their kind does not have, or of another type than it has. Unknown are the kinds of
// which the form is not known.
func (c *Cluster) CheckKinds(kinds *Kinds) (unknown map[string]bool, problems []error) {
	unknown = map[string]bool{}
	for _, o := range c.Objects {
		known, err := kinds.check(o)
		switch {
		case err != nil:
			problems = append(problems, err)
		case !known:
			unknown[o.GroupVersionKind().GroupKind().String()] = true
		}
	}
	return unknown, problems
}

func (k *Kinds) check(o Object) (known bool, err error) {
	kind := o.GroupVersionKind()
	if k.types.Recognizes(kind) {
		typed, err := k.types.New(kind)
		if err != nil {
			return true, fmt.Errorf("%s: %w", o.Where(), err)
		}
		return true, strict(o, typed)
	}
	if form, err := k.schemaOf(kind); form != nil || err != nil {
		if err != nil {
			return false, err
		}
		return true, form.check(o)
	}
	// Kustomizations were read strictly when they were followed.
	return isKustomization(o), nil
}
