package labels

// Where the gateways are, and what they are called: routes of other components attach to them by these names.
const (
	// GatewayNamespace holds the gateways.
	GatewayNamespace = "network"
	// GatewayInternal is the gateway that the home network reaches, and GatewayExternal the one that the internet may.
	GatewayInternal = "internal"
	GatewayExternal = "external"
)
