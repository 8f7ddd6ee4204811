package cloudflare

import (
	"context"
	"fmt"
	"net/http"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/home-ops/home-ops/rack/cloudflare/api"
	"github.com/home-ops/home-ops/rack/plugin/rest"
)

// tunnel is cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared. Any change of it is a new one.
// A tunnel that was deleted is still shown by Cloudflare, so that a refresh does not miss it, but for its token.
func tunnel() rest.Resource[*api.Client] {
	return rest.Resource[*api.Client]{
		Inputs: map[resource.PropertyKey]rest.Input{
			"accountId": {Required: true, Replaces: true},
			"name":      {Required: true, Replaces: true},
			"secret":    {Required: true, Replaces: true},
			"configSrc": {Replaces: true, OneOf: []string{"local", "cloudflare"}},
		},
		Computed: []resource.PropertyKey{"cname", "tunnelToken"},
		Secrets:  []resource.PropertyKey{"secret", "tunnelToken"},
		Create: func(ctx context.Context, client *api.Client, in map[string]any) (string, map[string]any, error) {
			request := map[string]any{"name": in["name"], "tunnel_secret": in["secret"]}
			if source := text(in["configSrc"]); source != "" {
				request["config_src"] = source
			}
			var made struct{ ID string }
			if err := client.Do(ctx, http.MethodPost, tunnels(in), request, &made); err != nil {
				return "", nil, fmt.Errorf("failed to create Argo Tunnel: %w", err)
			}
			return made.ID, nil, nil
		},
		Read: readTunnel,
		Delete: func(ctx context.Context, client *api.Client, id string, state map[string]any) error {
			if err := client.Do(ctx, http.MethodDelete, tunnels(state)+"/"+id+"/connections", nil, nil); err != nil {
				return fmt.Errorf("failed to clean up Argo Tunnel connections: %w", err)
			}
			if err := client.Do(ctx, http.MethodDelete, tunnels(state)+"/"+id, nil, nil); err != nil {
				return fmt.Errorf("failed to delete Argo Tunnel: %w", err)
			}
			return nil
		},
	}
}

func tunnels(state map[string]any) string {
	return "/accounts/" + text(state["accountId"]) + "/cfd_tunnel"
}

// readTunnel looks at the tunnel and its token, and at nothing that could have been changed elsewhere but where its
// configuration is kept.
func readTunnel(ctx context.Context, client *api.Client, id string, state map[string]any) (map[string]any, error) {
	var shown struct {
		ID     string
		Remote bool `json:"remote_config"`
	}
	if err := client.Do(ctx, http.MethodGet, tunnels(state)+"/"+id, nil, &shown); err != nil {
		return nil, fmt.Errorf("failed to fetch Argo Tunnel: %w", err)
	}
	var token string
	if err := client.Do(ctx, http.MethodGet, tunnels(state)+"/"+id+"/token", nil, &token); err != nil {
		return map[string]any{"tunnelToken": ""}, nil //nolint:nilerr // as the genuine plugin
	}
	out := map[string]any{"cname": shown.ID + ".cfargotunnel.com", "tunnelToken": token}
	if text(state["configSrc"]) != "" {
		out["configSrc"] = map[bool]string{true: "cloudflare", false: "local"}[shown.Remote]
	}
	return out, nil
}
