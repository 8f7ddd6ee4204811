package talos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/home-ops/home-ops/internal/kubeapi"
)

// APIProbe returns nil once the Kubernetes API that a kubeconfig names is ready.
type APIProbe func(ctx context.Context, kubeconfig []byte) error

const (
	// apiTimeout covers the pull of the control plane's images on a slow line.
	apiTimeout    = 10 * time.Minute
	apiInterval   = 2 * time.Second
	readyzTimeout = 10 * time.Second
)

// WaitForAPI asks the API server's own readiness check, through the endpoint and
// with the certificate that everything downstream will use.
func WaitForAPI(ctx context.Context, kubeconfig []byte) error {
	api, err := kubeapi.Open(kubeconfig)
	if err != nil {
		return fmt.Errorf("kubeconfig: %w", err)
	}
	defer api.Client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()

	tick := time.NewTicker(apiInterval)
	defer tick.Stop()
	for {
		attemptErr := askReadyz(ctx, api)
		if attemptErr == nil {
			return nil
		}
		// Being cut off says less than what came before.
		if err == nil || ctx.Err() == nil && !errors.Is(attemptErr, context.DeadlineExceeded) {
			err = attemptErr
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the Kubernetes API at %s is not ready; "+
				"see the control planes' consoles and `talosctl service`: %w", api.Server, err)
		case <-tick.C:
		}
	}
}

func askReadyz(ctx context.Context, api kubeapi.API) error {
	ctx, cancel := context.WithTimeout(ctx, readyzTimeout)
	defer cancel()
	return api.Get(ctx, "/readyz", nil)
}
