package cloudflare

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/home-ops/home-ops/rack/cloudflare/api"
	"github.com/home-ops/home-ops/rack/plugin/rest"
)

// configuration is cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig.
//
// With another tunnel it is updated in place, as by the genuine plugin, and keeps the id of the one before: what a
// refresh looks at is then the old tunnel.
func configuration() rest.Resource[*api.Client] {
	return rest.Resource[*api.Client]{
		Inputs: map[resource.PropertyKey]rest.Input{
			"accountId": {Required: true},
			"tunnelId":  {Required: true},
			"config":    {Required: true},
		},
		Complete: completeConfig,
		Create: func(ctx context.Context, client *api.Client, in map[string]any) (string, map[string]any, error) {
			if err := putConfig(ctx, client, in, in["config"]); err != nil {
				return "", nil, err
			}
			return text(in["tunnelId"]), nil, nil
		},
		Read: readConfig,
		Update: func(ctx context.Context, client *api.Client, _ string, in, _ map[string]any) error {
			return putConfig(ctx, client, in, in["config"])
		},
		Delete: func(ctx context.Context, client *api.Client, _ string, state map[string]any) error {
			// There is no such thing as no configuration.
			nowhere := map[string]any{"ingressRules": []any{map[string]any{"service": "http_status:404"}}}
			return putConfig(ctx, client, state, nowhere)
		},
	}
}

func putConfig(ctx context.Context, client *api.Client, in map[string]any, config any) error {
	path := tunnels(in) + "/" + text(in["tunnelId"]) + "/configurations"
	if err := client.Do(ctx, http.MethodPut, path, map[string]any{"config": wireConfig(config)}, nil); err != nil {
		return fmt.Errorf("error creating / updating tunnel config %q: %w", in["tunnelId"], err)
	}
	return nil
}

// wireConfig is a configuration as the API has it.
func wireConfig(config any) map[string]any {
	in, _ := config.(map[string]any)
	rules, _ := in["ingressRules"].([]any)
	ingress := []any{}
	for _, rule := range rules {
		rule, _ := rule.(map[string]any)
		wire := map[string]any{"service": rule["service"]}
		for _, key := range []string{"hostname", "path"} {
			if s := text(rule[key]); s != "" {
				wire[key] = s
			}
		}
		if origin, ok := rule["originRequest"].(map[string]any); ok {
			wire["originRequest"] = wireOrigin(origin)
		}
		ingress = append(ingress, wire)
	}
	origin, _ := in["originRequest"].(map[string]any)
	warp, _ := in["warpRouting"].(map[string]any)
	return map[string]any{
		"ingress": ingress, "originRequest": wireOrigin(origin),
		"warp-routing": map[string]any{"enabled": warp["enabled"] == true},
	}
}

// readConfig keeps the form of the state where Cloudflare has what it says.
func readConfig(ctx context.Context, client *api.Client, id string, state map[string]any) (map[string]any, error) {
	var shown struct{ Config map[string]any }
	if err := client.Do(ctx, http.MethodGet, tunnels(state)+"/"+id+"/configurations", nil, &shown); err != nil {
		return nil, fmt.Errorf("error getting tunnel config %q: %w", id, err)
	}
	now := map[string]any{}
	ingress, _ := shown.Config["ingress"].([]any)
	rules := []any{}
	for _, wire := range ingress {
		wire, _ := wire.(map[string]any)
		rule := maps.Clone(wire)
		if origin, ok := wire["originRequest"].(map[string]any); ok {
			rule["originRequest"] = readOrigin(origin)
		}
		rules = append(rules, rule)
	}
	now["ingressRules"] = rules
	if origin, ok := shown.Config["originRequest"].(map[string]any); ok && len(origin) > 0 {
		now["originRequest"] = readOrigin(origin)
	}
	before, _ := state["config"].(map[string]any)
	warp, _ := shown.Config["warp-routing"].(map[string]any)
	if _, given := before["warpRouting"]; given || warp["enabled"] == true {
		now["warpRouting"] = map[string]any{"enabled": warp["enabled"] == true}
	}
	return map[string]any{"config": now}, nil
}

// origins are the settings of a way to an origin, with their defaults.
var origins = map[string]any{
	"connectTimeout": "30s", "tlsTimeout": "10s", "tcpKeepAlive": "30s", "keepAliveTimeout": "1m30s",
	"noHappyEyeballs": false, "keepAliveConnections": 100., "httpHostHeader": "", "originServerName": "", "caPool": "",
	"noTlsVerify": false, "disableChunkedEncoding": false, "proxyAddress": "127.0.0.1", "proxyPort": 0., "proxyType": "",
	"http2Origin": false, "bastionMode": nil,
}

// durations are those that the API has in seconds.
var durations = []string{"connectTimeout", "tlsTimeout", "tcpKeepAlive", "keepAliveTimeout"}

func wireOrigin(origin map[string]any) map[string]any {
	out := map[string]any{}
	for key, value := range origin {
		if slices.Contains(durations, key) {
			d, _ := time.ParseDuration(text(value)) // as the genuine plugin
			value = d.Seconds()
		}
		if key == "noTlsVerify" {
			key = "noTLSVerify"
		}
		out[key] = value
	}
	return out
}

func readOrigin(wire map[string]any) map[string]any {
	out := map[string]any{}
	for key, value := range wire {
		if seconds, ok := value.(float64); ok && slices.Contains(durations, key) {
			value = (time.Duration(seconds) * time.Second).String()
		}
		if key == "noTLSVerify" {
			key = "noTlsVerify"
		}
		out[key] = value
	}
	return out
}

// completeConfig fills in the defaults of each way to an origin.
func completeConfig(inputs resource.PropertyMap) error {
	if !inputs["config"].IsObject() {
		return nil
	}
	config := inputs["config"].ObjectValue()
	if err := completeOrigin(config); err != nil {
		return err
	}
	if !config["ingressRules"].IsArray() {
		return nil
	}
	for _, rule := range config["ingressRules"].ArrayValue() {
		if rule.IsObject() {
			if err := completeOrigin(rule.ObjectValue()); err != nil {
				return err
			}
		}
	}
	return nil
}

func completeOrigin(of resource.PropertyMap) error {
	if !of["originRequest"].IsObject() {
		return nil
	}
	origin := of["originRequest"].ObjectValue()
	for key := range origin {
		if _, known := origins[string(key)]; !known {
			return fmt.Errorf("originRequest.%s of a tunnel's configuration", key)
		}
	}
	for key, value := range origins {
		if key := resource.PropertyKey(key); value != nil && origin[key].IsNull() {
			origin[key] = resource.NewPropertyValue(value)
		}
	}
	return nil
}
