package cloudflare

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/home-ops/home-ops/rack/cloudflare/api"
	"github.com/home-ops/home-ops/rack/plugin/rest"
)

// zoneSettings is cloudflare:index/zoneSettingsOverride:ZoneSettingsOverride, for the settings that the API lists. What
// the zone was set to before is kept, and comes back when the resource is deleted.
func zoneSettings() rest.Resource[*api.Client] {
	return rest.Resource[*api.Client]{
		Inputs:   map[resource.PropertyKey]rest.Input{"zoneId": {Required: true, Replaces: true}, "settings": {}},
		Computed: []resource.PropertyKey{"initialSettings", "initialSettingsReadAt", "readonlySettings", "zoneStatus", "zoneType"},
		Gone:     api.NotFound,
		Complete: completeSettings,
		Create: func(ctx context.Context, client *api.Client, in map[string]any) (string, map[string]any, error) {
			id := text(in["zoneId"])
			listed, err := listSettings(ctx, client, id)
			if err != nil {
				return "", nil, failed("Error reading initial settings for zone %q: %w", id, err)
			}
			initial := map[string]any{}
			for _, s := range listed {
				initial[propertyName(s.ID)] = s.property()
			}
			outputs := map[string]any{
				"initialSettings":       []any{initial},
				"initialSettingsReadAt": time.Now().UTC().Format(time.RFC3339Nano),
			}
			return id, outputs, changeSettings(ctx, client, id, in["settings"])
		},
		Read: readSettings,
		Update: func(ctx context.Context, client *api.Client, id string, in, _ map[string]any) error {
			return changeSettings(ctx, client, id, in["settings"])
		},
		Delete: func(ctx context.Context, client *api.Client, id string, state map[string]any) error {
			initial := map[string]any{}
			if kept, ok := state["initialSettings"].([]any); ok && len(kept) == 1 {
				initial, _ = kept[0].(map[string]any)
			}
			back := map[string]any{}
			set, _ := state["settings"].(map[string]any)
			for key, value := range set {
				if !reflect.DeepEqual(initial[key], value) {
					back[key] = initial[key]
				}
			}
			return changeSettings(ctx, client, id, back)
		},
	}
}

// failed is an error in the genuine plugin's words, which begin as no other error here does.
func failed(format string, args ...any) error { return fmt.Errorf(format, args...) }

// setting is one setting as the API has it.
type setting struct {
	ID       string `json:"id"`
	Value    any    `json:"value"`
	Editable bool   `json:"editable"`
}

func listSettings(ctx context.Context, client *api.Client, zone string) (all []setting, err error) {
	return all, client.Do(ctx, http.MethodGet, "/zones/"+zone+"/settings", nil, &all)
}

// changeSettings sets everything that is wanted; the genuine plugin leaves out what its state says is so already.
func changeSettings(ctx context.Context, client *api.Client, zone string, wanted any) error {
	settings, _ := wanted.(map[string]any)
	var items []any
	for key, value := range settings {
		if object, ok := value.(map[string]any); ok {
			header := map[string]any{}
			for k, v := range object {
				header[settingName(k)] = v
			}
			value = map[string]any{"strict_transport_security": header}
		}
		items = append(items, map[string]any{"id": settingName(key), "value": value})
	}
	if len(items) == 0 {
		return nil
	}
	return client.Do(ctx, http.MethodPatch, "/zones/"+zone+"/settings", map[string]any{"items": items}, nil)
}

// property is a setting's value as an output.
func (s setting) property() any {
	object, ok := s.Value.(map[string]any)
	if !ok {
		return s.Value
	}
	header, _ := object["strict_transport_security"].(map[string]any)
	out := map[string]any{}
	for key, value := range header {
		out[propertyName(key)] = value
	}
	return out
}

// readSettings shows the settings that were given, and no others.
func readSettings(ctx context.Context, client *api.Client, id string, state map[string]any) (map[string]any, error) {
	var zone struct{ Status, Type string }
	if err := client.Do(ctx, http.MethodGet, "/zones/"+id, nil, &zone); err != nil {
		return nil, failed("Error reading zone %q: %w", id, err)
	}
	listed, err := listSettings(ctx, client, id)
	if err != nil {
		return nil, failed("Error reading settings for zone %q: %w", id, err)
	}
	given, _ := state["settings"].(map[string]any)
	settings, fixed := map[string]any{}, []any{}
	for _, s := range listed {
		if _, ok := given[propertyName(s.ID)]; ok {
			settings[propertyName(s.ID)] = s.property()
		}
		if !s.Editable {
			fixed = append(fixed, s.ID)
		}
	}
	out := map[string]any{"zoneId": id, "zoneStatus": zone.Status, "zoneType": zone.Type, "readonlySettings": fixed}
	if given != nil {
		out["settings"] = settings
	}
	return out, nil
}

// completeSettings refuses the settings that are no plain values, but for one, and those that the API does not list.
func completeSettings(in resource.PropertyMap) error {
	if !in["settings"].IsObject() {
		return nil
	}
	unlisted := map[string]bool{
		"binaryAst": true, "h2Prioritization": true, "imageResizing": true, "earlyHints": true, "originMaxHttpVersion": true,
		"fonts": true, "replaceInsecureJs": true, "speedBrain": true, "sslAutomaticMode": true, "universalSsl": true,
	}
	for key, value := range in["settings"].ObjectValue() {
		if unlisted[string(key)] || value.IsObject() && key != "securityHeader" {
			return fmt.Errorf("settings.%s of a zone", key)
		}
	}
	return nil
}

// irregular are the settings whose names do not follow from one another.
var irregular = map[string]string{"tls13": "tls_1_3", "tls12Only": "tls_1_2_only", "zeroRtt": "0rtt", "pseudoIpv4": "pseudo_ipv4"}

// settingName is the API's name of a setting.
func settingName(property string) string {
	if name, ok := irregular[property]; ok {
		return name
	}
	var out strings.Builder
	for _, r := range property {
		if unicode.IsUpper(r) {
			out.WriteByte('_')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

// propertyName is the program's name of a setting.
func propertyName(setting string) string {
	for property, name := range irregular {
		if name == setting {
			return property
		}
	}
	words := strings.Split(setting, "_")
	for i, word := range words[1:] {
		words[i+1] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, "")
}
