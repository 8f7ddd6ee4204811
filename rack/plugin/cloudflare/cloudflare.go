// Package cloudflare is a stand-in for the Pulumi provider plugin "cloudflare" v5.49.1: the
// same tokens, inputs and outputs, and the same changes through Cloudflare's API, for
// machines to which the genuine plugin cannot be downloaded. It has the resources that the
// program uses, and refuses every other by name.
//
// Like the genuine plugin it repeats a call that a server's error answers, and like it it
// adopts nothing. What happens when Cloudflare did a thing and its answer was lost is
// therefore the same: a tunnel's repeated call fails because the name is taken, a record's
// because the record exists, and a token is made twice.
package cloudflare

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"github.com/home-ops/home-ops/rack/cloudflare/api"
	"github.com/home-ops/home-ops/rack/plugin/rest"
	"github.com/home-ops/home-ops/rack/plugin/serve"
)

// Version is the version of the genuine plugin that this one stands in for.
const Version = "5.49.1"

// Plugin is the plugin as a process serves it.
func Plugin() serve.Plugin { return provider().Plugin() }

func provider() rest.Provider[*api.Client] {
	return rest.Provider[*api.Client]{
		Name: "cloudflare", Version: Version,
		Secrets:   []resource.PropertyKey{"apiToken"},
		Configure: configure,
		Resources: map[tokens.Type]rest.Resource[*api.Client]{
			"cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared":             tunnel(),
			"cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig": configuration(),
			"cloudflare:index/record:Record":                                                     record(),
			"cloudflare:index/apiToken:ApiToken":                                                 apiToken(),
			"cloudflare:index/zoneSettingsOverride:ZoneSettingsOverride":                         zoneSettings(),
		},
		Functions: map[string]rest.Function[*api.Client]{"cloudflare:index/getZone:getZone": getZone},
	}
}

var tokenForm = regexp.MustCompile(`[A-Za-z0-9-_]{40}`)

// configure takes a token. The older ways to log in are not played.
func configure(settings map[string]any) (*api.Client, error) {
	for key := range settings {
		switch key {
		case "apiToken", "apiHostname", "apiBasePath", "version",
			// The SDK gives these their defaults, which the client here has too.
			"retries", "minBackoff", "maxBackoff", "rps", "apiClientLogging":
		default:
			return nil, serve.Unimplemented("cloudflare", "the provider's setting "+key)
		}
	}
	token, _ := settings["apiToken"].(string)
	if token == "" {
		token = os.Getenv("CLOUDFLARE_API_TOKEN")
	}
	for name, variable := range map[string]string{"api_key": "CLOUDFLARE_API_KEY", "api_user_service_key": "CLOUDFLARE_API_USER_SERVICE_KEY"} {
		// The genuine plugin reads what the program leaves out from the environment, and then finds both.
		if os.Getenv(variable) != "" && token != "" {
			return nil, fmt.Errorf("%q: conflicts with api_token", name)
		}
	}
	switch {
	case token == "":
		return nil, errors.New("must provide one of `api_key`, `api_token` or `api_user_service_key`")
	case !tokenForm.MatchString(token):
		return nil, errors.New("API tokens must be 40 characters long and only contain characters " +
			"a-z, A-Z, 0-9, hyphens and underscores")
	}
	client := &api.Client{Token: token, HTTP: &http.Client{}, Retries: 4, Pause: time.Second}
	// Numbers come as text.
	if n, err := strconv.Atoi(fmt.Sprint(settings["retries"])); err == nil {
		client.Retries = n
	}
	if n, err := strconv.Atoi(fmt.Sprint(settings["minBackoff"])); err == nil {
		client.Pause = time.Duration(n) * time.Second
	}
	host, path := "api.cloudflare.com", "/client/v4"
	if s, ok := settings["apiHostname"].(string); ok {
		host = s
	}
	if s, ok := settings["apiBasePath"].(string); ok {
		path = s
	}
	client.URL = "https://" + host + path
	return client, nil
}

// getZone finds a zone by its name, in one account or in all of them, or by its id.
func getZone(ctx context.Context, client *api.Client, args map[string]any) (map[string]any, error) {
	type shown struct {
		ID, Name, Status string
		Paused           bool
		Account          struct{ ID string }
		Plan             struct{ Name string }
		Servers          []string `json:"name_servers"`
		Vanity           []string `json:"vanity_name_servers"`
	}
	var zone shown
	if id, ok := args["zoneId"].(string); ok {
		if err := client.Do(ctx, http.MethodGet, "/zones/"+id, nil, &zone); err != nil {
			return nil, fmt.Errorf("error getting zone details: %w", err)
		}
	} else {
		query := url.Values{"name": {text(args["name"])}, "per_page": {"50"}}
		if account := text(args["accountId"]); account != "" {
			query.Set("account.id", account)
		}
		var zones []shown
		if err := client.Do(ctx, http.MethodGet, "/zones?"+query.Encode(), nil, &zones); err != nil {
			return nil, fmt.Errorf("error listing zones: %w", err)
		}
		switch len(zones) {
		case 0:
			return nil, errors.New("no zone found")
		case 1:
			zone = zones[0]
		default:
			return nil, errors.New("more than one zone was returned; consider adding the `account_id` to the existing " +
				"resource or use the `cloudflare_zones` data source with filtering to target the zone more specifically")
		}
	}
	return map[string]any{
		"id": zone.ID, "zoneId": zone.ID, "accountId": zone.Account.ID, "name": zone.Name, "status": zone.Status,
		"paused": zone.Paused, "plan": zone.Plan.Name,
		"nameServers": anys(zone.Servers), "vanityNameServers": anys(zone.Vanity),
	}, nil
}

// text is a string, or nothing.
func text(value any) string {
	s, _ := value.(string)
	return s
}

func anys(texts []string) []any {
	out := []any{}
	for _, t := range texts {
		out = append(out, t)
	}
	return out
}
