package recorder

import (
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
)

// RegisterResourceHook remembers where a hook can be called.
func (m *monitor) RegisterResourceHook(
	_ context.Context, in *pulumirpc.RegisterResourceHookRequest,
) (*emptypb.Empty, error) {
	m.hooks.Store(in.GetName(), in)
	return &emptypb.Empty{}, nil
}

// RegisterErrorHook takes a hook that is never called: nothing fails here.
func (m *monitor) RegisterErrorHook(context.Context, *pulumirpc.RegisterErrorHookRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// before runs the hooks that the engine would run before it creates res, or updates it.
func (m *monitor) before(ctx context.Context, urn string, res Resource) error {
	if m.recorder.Sames != nil && m.recorder.Sames(res) {
		return nil
	}
	hooks := res.Request.GetHooks().GetBeforeCreate()
	if m.recorder.Updates != nil && m.recorder.Updates(res) {
		hooks = res.Request.GetHooks().GetBeforeUpdate()
	}
	for _, name := range hooks {
		hook, ok := m.hooks.Load(name)
		if !ok {
			return fmt.Errorf("hook %q was not registered", name)
		}
		registered := hook.(*pulumirpc.RegisterResourceHookRequest)
		if m.dryRun && !registered.GetOnDryRun() {
			continue
		}
		if err := callHook(ctx, registered.GetCallback(), urn, res); err != nil {
			return fmt.Errorf("before hook %q failed: %w", name, err)
		}
	}
	return nil
}

func callHook(ctx context.Context, callback *pulumirpc.Callback, urn string, res Resource) error {
	connection, err := grpc.NewClient(callback.GetTarget(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer connection.Close()
	inputs, err := plugin.MarshalProperties(res.Inputs, marshalOptions)
	if err != nil {
		return err
	}
	request, err := proto.Marshal(&pulumirpc.ResourceHookRequest{
		Urn: urn, Name: res.Name, Type: res.Type, NewInputs: inputs,
	})
	if err != nil {
		return err
	}
	reply, err := pulumirpc.NewCallbacksClient(connection).Invoke(ctx, &pulumirpc.CallbackInvokeRequest{
		Token: callback.GetToken(), Request: request,
	})
	if err != nil {
		return err
	}
	var result pulumirpc.ResourceHookResponse
	if err := proto.Unmarshal(reply.GetResponse(), &result); err != nil {
		return err
	}
	if result.GetError() != "" {
		return errors.New(result.GetError())
	}
	return nil
}
