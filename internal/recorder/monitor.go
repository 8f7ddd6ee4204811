package recorder

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

const project = "home-ops"

// monitor answers a program in the engine's place.
type monitor struct {
	pulumirpc.UnimplementedResourceMonitorServer
	pulumirpc.UnimplementedEngineServer

	recorder *Recorder
	stack    string
	dryRun   bool
	// nothingExists leaves everything that resources compute unknown.
	nothingExists bool
	hooks         sync.Map // the registration of each hook by its name
}

func (r *Recorder) run(program pulumi.RunFunc, stack string, m *monitor) error {
	m.stack = stack
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	pulumirpc.RegisterResourceMonitorServer(server, m)
	pulumirpc.RegisterEngineServer(server, m)
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()

	return pulumi.RunErr(program, func(info *pulumi.RunInfo) {
		*info = pulumi.RunInfo{
			Project: project, Stack: stack, DryRun: m.dryRun,
			Config: r.Config, ConfigSecretKeys: r.SecretConfig,
			MonitorAddr: listener.Addr().String(), EngineAddr: listener.Addr().String(),
		}
	})
}

// RequirePulumiVersion takes any range, and notes it.
func (m *monitor) RequirePulumiVersion(
	_ context.Context, in *pulumirpc.RequirePulumiVersionRequest,
) (*pulumirpc.RequirePulumiVersionResponse, error) {
	m.recorder.mu.Lock()
	defer m.recorder.mu.Unlock()
	m.recorder.versions = in.GetPulumiVersionRange()
	return &pulumirpc.RequirePulumiVersionResponse{}, nil
}

var marshalOptions = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, KeepResources: true}

// RegisterResource records a resource and answers as the engine would after its
// provider.
func (m *monitor) RegisterResource(
	ctx context.Context, in *pulumirpc.RegisterResourceRequest,
) (*pulumirpc.RegisterResourceResponse, error) {
	urn := m.urn(in.GetParent(), in.GetType(), in.GetName())
	inputs, err := plugin.UnmarshalProperties(in.GetObject(), marshalOptions)
	if err != nil {
		return nil, err
	}
	if in.GetType() == string(resource.RootStackType) {
		m.recorder.mu.Lock()
		defer m.recorder.mu.Unlock()
		m.recorder.root = urn
		return &pulumirpc.RegisterResourceResponse{Urn: urn}, nil
	}

	res := Resource{
		Type: in.GetType(), Name: in.GetName(), ImportID: in.GetImportId(), Inputs: inputs, Request: in,
	}
	if err := m.before(ctx, urn, res); err != nil {
		return nil, err
	}
	m.recorder.mu.Lock()
	m.recorder.resources = append(m.recorder.resources, res)
	m.recorder.mu.Unlock()

	id, state, err := m.answer(res)
	if err != nil {
		return nil, err
	}
	object, err := plugin.MarshalProperties(state, marshalOptions)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.RegisterResourceResponse{Urn: urn, Id: id, Object: object}, nil
}

func (m *monitor) answer(res Resource) (id string, state resource.PropertyMap, err error) {
	state = res.Inputs.Copy()
	if m.nothingExists || !res.Request.GetCustom() {
		return "", state, nil
	}
	id = res.Name + "-id"
	if m.recorder.Outputs == nil {
		return id, state, nil
	}
	answered, outputs, err := m.recorder.Outputs(res)
	if err != nil {
		return "", nil, err
	}
	if answered != "" {
		id = answered
	}
	for key, value := range outputs {
		state[key] = value
	}
	for _, key := range res.Request.GetAdditionalSecretOutputs() {
		key := resource.PropertyKey(key)
		if value, ok := state[key]; ok && !value.IsSecret() {
			state[key] = resource.MakeSecret(value)
		}
	}
	return id, state, nil
}

func (m *monitor) urn(parent, token, name string) string {
	var parentType tokens.Type
	if p := resource.URN(parent); p != "" && p.QualifiedType() != resource.RootStackType {
		parentType = p.QualifiedType()
	}
	return string(resource.NewURN(tokens.QName(m.stack), project, parentType, tokens.Type(token), name))
}

// RegisterResourceOutputs records what a component or the stack gives out.
func (m *monitor) RegisterResourceOutputs(
	_ context.Context, in *pulumirpc.RegisterResourceOutputsRequest,
) (*emptypb.Empty, error) {
	outputs, err := plugin.UnmarshalProperties(in.GetOutputs(), marshalOptions)
	if err != nil {
		return nil, err
	}
	m.recorder.mu.Lock()
	defer m.recorder.mu.Unlock()
	if m.recorder.outputs == nil {
		m.recorder.outputs = map[string]resource.PropertyMap{}
	}
	m.recorder.outputs[in.GetUrn()] = outputs
	return &emptypb.Empty{}, nil
}

// ReadResource answers a reference to a stack with the outputs that the test gives it; no
// other resource is read.
func (m *monitor) ReadResource(
	_ context.Context, in *pulumirpc.ReadResourceRequest,
) (*pulumirpc.ReadResourceResponse, error) {
	if in.GetType() != "pulumi:pulumi:StackReference" {
		return nil, fmt.Errorf("unexpected read of %s", in.GetType())
	}
	outputs := m.recorder.LastOutputs
	if outputs == nil {
		outputs = resource.PropertyMap{}
	}
	object, err := plugin.MarshalProperties(resource.PropertyMap{
		"name": resource.NewProperty(in.GetId()), "outputs": resource.NewProperty(outputs),
	}, marshalOptions)
	return &pulumirpc.ReadResourceResponse{Urn: m.urn(in.GetParent(), in.GetType(), in.GetName()), Properties: object}, err
}

// Invoke answers as the test says, and refuses a call that it does not speak of: what a program under test needs, it
// computes.
func (m *monitor) Invoke(_ context.Context, in *pulumirpc.ResourceInvokeRequest) (*pulumirpc.InvokeResponse, error) {
	if m.recorder.Invokes == nil {
		return nil, fmt.Errorf("unexpected call of %s", in.GetTok())
	}
	args, err := plugin.UnmarshalProperties(in.GetArgs(), marshalOptions)
	if err != nil {
		return nil, err
	}
	result, err := m.recorder.Invokes(in.GetTok(), args)
	if err != nil {
		return nil, err
	}
	object, err := plugin.MarshalProperties(result, marshalOptions)
	return &pulumirpc.InvokeResponse{Return: object}, err
}

// SupportsFeature claims what the engine has, but for the one feature that would
// make inputs harder to assert on.
func (m *monitor) SupportsFeature(
	_ context.Context, in *pulumirpc.SupportsFeatureRequest,
) (*pulumirpc.SupportsFeatureResponse, error) {
	return &pulumirpc.SupportsFeatureResponse{HasSupport: in.GetId() != "outputValues"}, nil
}

// SignalAndWaitForShutdown has nothing to wait for.
func (m *monitor) SignalAndWaitForShutdown(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Log records a message.
func (m *monitor) Log(_ context.Context, in *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	m.recorder.mu.Lock()
	defer m.recorder.mu.Unlock()
	severity := strings.ToLower(in.GetSeverity().String())
	m.recorder.messages = append(m.recorder.messages, severity+": "+in.GetMessage())
	return &emptypb.Empty{}, nil
}
