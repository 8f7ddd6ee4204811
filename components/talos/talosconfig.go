package talos

import (
	"fmt"

	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"

	"github.com/home-ops/home-ops/spec"
)

// Talosconfig is the configuration of talosctl for the stack: it talks to the
// control planes, each at its own address. ca, certificate and key are base64
// as the Secrets resource gives them.
func Talosconfig(stack *spec.Stack, ca, certificate, key string) (string, error) {
	var endpoints []string
	for _, node := range stack.ControlPlanes() {
		endpoints = append(endpoints, node.Address.String())
	}
	var nodes []string
	if len(endpoints) > 0 {
		// talosctl asks every node of the list; one that knows the whole cluster
		// is the better default.
		nodes = endpoints[:1]
	}
	config := clientconfig.Config{
		Context: stack.Cluster.Name,
		Contexts: map[string]*clientconfig.Context{
			stack.Cluster.Name: {Endpoints: endpoints, Nodes: nodes, CA: ca, Crt: certificate, Key: key},
		},
	}
	raw, err := config.Bytes()
	if err != nil {
		return "", fmt.Errorf("talosconfig: %w", err)
	}
	return string(raw), nil
}
