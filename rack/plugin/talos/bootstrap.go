package talos

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/client"
)

// bootstrap is talos:machine/bootstrap:Bootstrap: the one call that makes etcd's first member. A cluster that is
// bootstrapped already answers AlreadyExists, which is tried again until the time is up and then fails. An import
// would be the way out, but see errRawState. A state put in by hand has neither node nor client configuration, and
// the update that follows it does nothing.
func bootstrap() resourceType {
	return resourceType{
		attributes: object(map[resource.PropertyKey]shape{
			"id":                  text().isComputed().isStable(),
			"node":                text().isRequired(),
			"endpoint":            text().isComputed(),
			"clientConfiguration": clientConfiguration().isRequired(),
			"timeouts":            timeouts("create"),
		}),
		plan: func(_ context.Context, p *plan) error {
			if !p.isUnknown("endpoint", "node") {
				p.endpointFollowsNode()
			}
			return nil
		},
		create: createBootstrap,
		update: func(_ context.Context, planned, _ resource.PropertyMap) (resource.PropertyMap, error) {
			return planned, nil
		},
		importState: func(string) (resource.PropertyMap, error) {
			return nil, errRawState
		},
	}
}

func createBootstrap(ctx context.Context, planned resource.PropertyMap) (resource.PropertyMap, error) {
	node, err := machineIn(planned)
	if err != nil {
		return nil, err
	}
	timeout, err := timeoutFor(planned, "create")
	if err != nil {
		return nil, err
	}
	if err := node.retry(ctx, timeout, func(ctx context.Context, c *client.Client) error {
		return c.Bootstrap(ctx, &machineapi.BootstrapRequest{})
	}); err != nil {
		return nil, diagnostic{"Error bootstrapping node", err}
	}
	return withID(planned, "machine_bootstrap"), nil
}
