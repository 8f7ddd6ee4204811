package edge

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/edge/objects"
)

// gateways come once Cilium's operator serves them. Their certificate may come
// later.
func (b *builder) gateways() ([]pulumi.Resource, error) {
	after := slices.Concat([]pulumi.Resource{b.network}, b.args.GatewayKinds, b.args.Network)
	wanted := objects.Gateways(b.stack)
	var made []pulumi.Resource
	for _, gateway := range wanted {
		resource, err := b.object("gateway-"+gateway.Name, gateway, after...)
		if err != nil {
			return nil, err
		}
		made = append(made, resource)
	}
	_, err := b.object("redirect", objects.Redirect(wanted), made...)
	return made, err
}
