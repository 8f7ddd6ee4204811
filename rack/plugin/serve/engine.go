package serve

import (
	"context"
	"fmt"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Engine is the plugin's line to the engine that runs it. Before Connect, and in tests without an engine, messages
// are dropped.
type Engine struct {
	mu      sync.RWMutex
	address string
	client  pulumirpc.EngineClient
}

// Connect points the engine at an address, as host:port. A second call replaces the first.
func (e *Engine) Connect(address string) error {
	conn, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()), rpcutil.GrpcChannelOptions())
	if err != nil {
		return fmt.Errorf("connect to the Pulumi engine at %s: %w", address, err)
	}

	e.mu.Lock()
	defer e.mu.Unlock()
	e.address, e.client = address, pulumirpc.NewEngineClient(conn)

	return nil
}

// Address is where the engine listens, or "" before Connect.
func (e *Engine) Address() string {
	e.mu.RLock()
	defer e.mu.RUnlock()

	return e.address
}

// Log writes a line to the engine's log, under the resource if there is one.
func (e *Engine) Log(ctx context.Context, severity pulumirpc.LogSeverity, urn, message string) {
	e.send(ctx, &pulumirpc.LogRequest{Severity: severity, Urn: urn, Message: message})
}

// Status shows a line beside the resource for as long as no other replaces it; "" clears it.
func (e *Engine) Status(ctx context.Context, severity pulumirpc.LogSeverity, urn, message string) {
	e.send(ctx, &pulumirpc.LogRequest{Severity: severity, Urn: urn, Message: message, Ephemeral: true})
}

func (e *Engine) send(ctx context.Context, request *pulumirpc.LogRequest) {
	e.mu.RLock()
	client := e.client
	e.mu.RUnlock()
	if client == nil {
		return
	}
	// A lost log line must not fail the operation that it tells of.
	_, _ = client.Log(ctx, request)
}
