package outside

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// leftover removes what a dead run has left of a thing that is about to be made by its
// inputs. One of the id is no leftover: it has just been made. An error says that the
// thing which is there is another's.
type leftover func(ctx context.Context, in inputs, id string) error

// service is what all services have in common.
type service struct {
	open func(token string)
	// ready is nil when the service answers at all, once it is open. Default: nobody asks.
	ready func(context.Context) error
	tell  func(string)
	// before are called before a thing is made, by the type of the resource.
	before map[tokens.Type]leftover
	// after are called when a thing has been made of which a service may have several: its provider asks
	// again when it has no answer, and so makes two.
	after map[tokens.Type]leftover
	// deleted are asked when a thing could not be deleted.
	deleted map[tokens.Type]deletion
}

// deletion is what a run can have left of a thing that it was to delete.
type deletion struct {
	// gone reports whether the service has no thing of the id any more.
	gone func(ctx context.Context, in inputs, id string) (bool, error)
	// forget is the command that has the state forget it.
	forget command
}

// command is one of pulumi's, for a stack and a URN.
type command string

const (
	// byRefresh is for what its provider finds to be gone.
	byRefresh command = "pulumi refresh --stack %s --target '%s'"
	// byHand is for what its provider cannot look for: reading it is an error, or tells of a
	// thing that was deleted as if it were there.
	byHand command = "pulumi state delete --stack %s '%s'"
)

// Token is the token that a provider gets, and opens the service with it: whatever is made through the provider is made
// later.
func (s *service) Token(token pulumi.StringInput) pulumi.StringOutput {
	return token.ToStringOutput().ApplyTWithContext(context.Background(), func(ctx context.Context, token string) (string, error) {
		s.open(token)
		if s.ready == nil {
			return token, nil
		}
		return token, s.ready(ctx)
	}).(pulumi.StringOutput)
}

// Hooks are for every resource at the service: what the engine calls before and after it makes one. The name is the
// beginning of theirs.
func (s *service) Hooks(ctx *pulumi.Context, name string) (*pulumi.ResourceHookBinding, error) {
	hook := func(name string, of map[tokens.Type]leftover) (*pulumi.ResourceHook, error) {
		return ctx.RegisterResourceHook(name, func(args *pulumi.ResourceHookArgs) error {
			look := of[args.Type]
			if look == nil {
				return nil
			}
			return look(ctx.Context(), inputs(args.NewInputs), string(args.ID))
		}, nil)
	}
	before, err := hook(name+"-before-create", s.before)
	if err != nil {
		return nil, err
	}
	after, err := hook(name+"-after-create", s.after)
	if err != nil {
		return nil, err
	}
	failed, err := ctx.RegisterErrorHook(name+"-on-error", func(args *pulumi.ErrorHookArgs) (bool, error) {
		return false, s.explain(ctx.Context(), args)
	})
	return &pulumi.ResourceHookBinding{
		BeforeCreate: []*pulumi.ResourceHook{before}, AfterCreate: []*pulumi.ResourceHook{after}, OnError: []*pulumi.ErrorHook{failed},
	}, err
}

// explain tells why a thing cannot be deleted that is gone: a run has deleted it, and died
// before the engine wrote that down. Providers take it for an error, in every later run, and
// no hook can have them pass over it.
func (s *service) explain(ctx context.Context, args *pulumi.ErrorHookArgs) error {
	deletion, known := s.deleted[args.Type]
	if args.FailedOperation != "delete" || !known {
		return nil
	}
	gone, err := deletion.gone(ctx, inputs(args.OldInputs), string(args.ID))
	if err != nil || !gone {
		return err
	}
	urn := resource.URN(args.URN)
	s.tell(fmt.Sprintf("%s was deleted by a run that has died, and the state does not know. To have it forgotten: %s; then run up again",
		args.Name, fmt.Sprintf(string(deletion.forget), urn.Stack(), urn)))
	return nil
}

// inputs are those of a resource, secrets among them.
type inputs resource.PropertyMap

// at is the value that the keys lead to; null where there is none.
func (in inputs) at(keys ...resource.PropertyKey) resource.PropertyValue {
	value := resource.NewProperty(resource.PropertyMap(in))
	for _, key := range keys {
		if !value.IsObject() {
			return resource.NewNullProperty()
		}
		value = opened(value.ObjectValue()[key])
	}
	return value
}

// text is the text that the keys lead to; empty where there is none.
func (in inputs) text(keys ...resource.PropertyKey) string {
	if value := in.at(keys...); value.IsString() {
		return value.StringValue()
	}
	return ""
}

// opened is a value without the mark that it is secret.
func opened(value resource.PropertyValue) resource.PropertyValue {
	for {
		switch {
		case value.IsSecret():
			value = value.SecretValue().Element
		case value.IsOutput() && value.OutputValue().Known:
			value = value.OutputValue().Element
		default:
			return value
		}
	}
}
