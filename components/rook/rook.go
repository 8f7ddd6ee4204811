package rook

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/rook/objects"
	"github.com/home-ops/home-ops/internal/helm"
	"github.com/home-ops/home-ops/internal/manifest"
	"github.com/home-ops/home-ops/spec"
)

// Args describe the cluster's replicated storage.
type Args struct {
	// Stack is the validated stack file. It has storage.rookCeph.
	Stack *spec.Stack
	// Provider manages Kubernetes objects in the cluster.
	Provider pulumi.ProviderResource
	// Network is what makes the nodes Ready: no pod of Ceph runs before.
	Network []pulumi.Resource
	// SnapshotKinds is what installs the kinds of CSI snapshots. Default: none, and
	// no snapshot classes: the API server would not know them, and they belong to
	// whoever installs their kinds.
	SnapshotKinds []pulumi.Resource
}

// RookCephStorage is a cluster in which claims of Ceph's classes are met. What
// needs a volume waits on Classes or DefaultClass, never on the component.
type RookCephStorage struct {
	pulumi.ResourceState

	// Operator is Rook itself.
	Operator *helm.Release
	// Cluster is the CephCluster. It exists once Ceph runs.
	Cluster *manifest.Resource
	// Classes are the storage classes. Each exists once the pools behind it do.
	Classes []pulumi.Resource
	// DefaultClass is the name of the default storage class, or empty when that is
	// none of Ceph's.
	DefaultClass pulumi.StringOutput
}

// New makes Ceph out of the disks that the stack names. What holds data is
// protected, and stays in the cluster whatever happens to the stack: only a
// person with kubectl destroys it. A stack that Rook could not follow to the
// letter touches nothing.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*RookCephStorage, error) {
	if err := args.check(); err != nil {
		return nil, err
	}
	tell, err := objects.For(args.Stack)
	if err != nil {
		return nil, fmt.Errorf("rook: %w", err)
	}
	r := &RookCephStorage{}
	if err := ctx.RegisterComponentResource("homeops:index:RookCephStorage", name, r, opts...); err != nil {
		return nil, err
	}
	b := &builder{ctx: ctx, name: name, args: args, parent: r}

	namespace, err := b.namespace(tell.Namespace)
	if err != nil {
		return nil, err
	}
	if r.Operator, err = b.operator(namespace); err != nil {
		return nil, err
	}
	if r.Cluster, err = b.data(tell.Cluster, r.Operator); err != nil {
		return nil, err
	}
	if _, err := b.data(tell.Internal, r.Cluster); err != nil {
		return nil, err
	}
	r.DefaultClass = pulumi.String("").ToStringOutput()
	for _, offer := range tell.Offers {
		class, err := b.offer(offer, r.Cluster)
		if err != nil {
			return nil, err
		}
		r.Classes = append(r.Classes, class)
		if offer.Default {
			r.DefaultClass = class.Name()
		}
	}
	return r, ctx.RegisterResourceOutputs(r, pulumi.Map{
		"version":      pulumi.String(string(args.Stack.Versions.RookCeph)),
		"cephVersion":  pulumi.String(string(args.Stack.Versions.Ceph)),
		"defaultClass": r.DefaultClass,
	})
}

func (a *Args) check() error {
	if a == nil || a.Stack == nil {
		return errors.New("rook: Stack is missing")
	}
	var errs []error
	if a.Provider == nil {
		errs = append(errs, errors.New("rook: Provider is missing: objects would go wherever the user's kubeconfig points"))
	}
	if a.Stack.Storage.RookCeph == nil {
		errs = append(errs, errors.New("rook: the stack has no storage.rookCeph"))
	}
	return errors.Join(errs...)
}
