package stacks

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/spec"
)

// Reach is nil when somebody answers at an address, host:port.
type Reach func(ctx context.Context, address string) error

// reachWithin is how long an API in the same house may take to accept a connection, one lost packet included.
const reachWithin = 3 * time.Second

func dial(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, reachWithin)
	defer cancel()
	connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return connection.Close()
}

// sayIfAway says before anything else when the cluster that the last update left does not answer, and where it does. Without it
// an update would wait for minutes in silence, at whatever comes first.
func (h history) sayIfAway(ctx *pulumi.Context, stack *spec.Stack, reach Reach, ready Ready) error {
	if h.applied == nil {
		return nil
	}
	endpoint := h.applied.ClusterEndpoint()
	u, err := url.Parse(endpoint)
	if err != nil {
		return fmt.Errorf("stack output %s: endpoint: %w", appliedOutput, err)
	}
	err = h.answers(ctx.Context(), u.Host, reach, ready)
	if err == nil {
		return nil
	}
	message := fmt.Sprintf("the cluster does not answer at %s: %v. `go run ./cmd/homeops doctor %s` looks for the cause. ", endpoint, err, stack.Name)
	if ctx.DryRun() {
		return ctx.Log.Warn(message+h.elsewhere(ctx.Context(), reach, ready)+"This preview goes by the state alone.", nil)
	}
	return ctx.Log.Warn(message+h.elsewhere(ctx.Context(), reach, ready)+"This update goes on, asks the machines, and waits up to 10 minutes for the API.", nil)
}
