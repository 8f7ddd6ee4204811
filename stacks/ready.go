package stacks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/home-ops/home-ops/internal/kubeapi"
	"github.com/home-ops/home-ops/spec"
)

// Ready is nil when the API server at an address, host:port, calls itself ready. The kubeconfig is that of its cluster.
type Ready func(ctx context.Context, kubeconfig []byte, address string) error

// askReady asks within as long as a connection may take. An API server that refuses the kubeconfig answers all the same: an
// update makes another one.
func askReady(ctx context.Context, kubeconfig []byte, address string) error {
	api, err := kubeapi.Open(kubeconfig)
	if err != nil {
		return nil // a state without a kubeconfig of ours can be asked for nothing
	}
	defer api.Client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, reachWithin)
	defer cancel()
	api.Server = "https://" + address
	err = api.Get(ctx, "/readyz", nil)
	var refused kubeapi.Error
	switch {
	case errors.As(err, &refused) && (refused.Code == 401 || refused.Code == 403):
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("it takes connections, and does not say within %s that it is ready", reachWithin)
	case err != nil:
		return fmt.Errorf("it takes connections, and is not ready: %s", strings.Join(strings.Fields(err.Error()), " "))
	}
	return nil
}

// answers is nil when the former cluster does at an address.
func (h history) answers(ctx context.Context, address string, reach Reach, ready Ready) error {
	if err := reach(ctx, address); err != nil {
		return err
	}
	return ready(ctx, []byte(h.kubeconfig), address)
}

// elsewhere tells whether the API answers at the control planes' own addresses, which are all asked at once. It is a sentence,
// with a space behind it.
func (h history) elsewhere(ctx context.Context, reach Reach, ready Ready) string {
	controlPlanes := h.applied.ControlPlanes()
	there := make([]bool, len(controlPlanes))
	var asking sync.WaitGroup
	for i, node := range controlPlanes {
		asking.Go(func() {
			// On a machine itself the API has its own port, whatever a balancer in front of it has.
			there[i] = h.answers(ctx, net.JoinHostPort(node.Address.String(), spec.APIPort), reach, ready) == nil
		})
	}
	asking.Wait()
	var names []string
	for i, node := range controlPlanes {
		if there[i] {
			names = append(names, fmt.Sprintf("%s (%s)", node.Name, node.Address))
		}
	}
	if len(names) == 0 {
		return "Nor does it at the control planes' own addresses. "
	}
	return "It answers at " + strings.Join(names, " and ") + ", so what is away is the endpoint: the virtual IP, or what stands in front of the control planes. "
}
