package rook

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/component"
	"github.com/home-ops/home-ops/internal/plan"
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
}

// RookCephStorage is a cluster in which claims of Ceph's storage classes are bound.
type RookCephStorage struct {
	pulumi.ResourceState

	// DefaultClass is the name of the default storage class, known once the pools
	// behind the class exist. It is empty when the default class is none of Ceph's.
	DefaultClass pulumi.StringOutput
}

// NewRookCephStorage makes Ceph out of the disks that the stack names. What holds data
// is protected, and stays in the cluster when the stack is destroyed: only a person
// with kubectl deletes it. When Rook could not do exactly what the stack says, the
// error names the key, and nothing is registered.
func NewRookCephStorage(
	ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption,
) (*RookCephStorage, error) {
	if err := args.check(); err != nil {
		return nil, err
	}
	steps, err := Plan(args.Stack)
	if err != nil {
		return nil, fmt.Errorf("rook: %w", err)
	}
	r := &RookCephStorage{}
	c, err := component.Register(ctx, "RookCephStorage", name, r, opts...)
	if err != nil {
		return nil, err
	}
	made, err := c.Apply(steps, component.Inputs{
		Provider:   args.Provider,
		Conditions: map[plan.Condition][]pulumi.Resource{plan.Network: args.Network},
	})
	if err != nil {
		return nil, err
	}
	r.DefaultClass = pulumi.String("").ToStringOutput()
	if class := made.Object(defaultClass(args.Stack)); class != nil {
		r.DefaultClass = class.Name()
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
