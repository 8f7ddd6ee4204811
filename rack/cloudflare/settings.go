package cloudflare

import (
	"maps"
	"net/http"
	"slices"
)

// defaultSettings are those of a new zone without a paid plan. Among them are the ones
// that a client asks for one by one.
func defaultSettings() map[string]any {
	return map[string]any{
		"0rtt": "off", "always_online": "off", "always_use_https": "off", "automatic_https_rewrites": "on",
		"brotli": "on", "browser_cache_ttl": 14400, "browser_check": "on", "cache_level": "aggressive",
		"challenge_ttl": 1800, "ciphers": []string{}, "development_mode": "off", "email_obfuscation": "on",
		"hotlink_protection": "off", "http3": "on", "ip_geolocation": "on", "ipv6": "on", "max_upload": 100,
		"min_tls_version": "1.0", "opportunistic_encryption": "on", "opportunistic_onion": "on",
		"privacy_pass": "on", "pseudo_ipv4": "off", "rocket_loader": "off", "security_level": "medium",
		"server_side_exclude": "on", "ssl": "full", "tls_1_3": "on", "tls_client_auth": "off", "websockets": "on",
		"security_header": map[string]any{"strict_transport_security": map[string]any{
			"enabled": false, "max_age": 0, "include_subdomains": false, "preload": false, "nosniff": false,
		}},
		"http2": "on", "mirage": "off", "polish": "off", "waf": "off", "webp": "off",

		"aegis": map[string]any{"enabled": false, "pool_id": ""}, "binary_ast": "off", "early_hints": "off",
		"fonts": "off", "h2_prioritization": "off", "image_resizing": "off", "nel": map[string]any{"enabled": true},
		"origin_max_http_version": "2", "replace_insecure_js": "on", "speed_brain": "off", "ssl_automatic_mode": "auto",
	}
}

// paid are the settings that a zone without a paid plan cannot change.
var paid = []string{"http2", "mirage", "polish", "waf", "webp", "aegis", "binary_ast", "h2_prioritization", "image_resizing"}

// single are the settings that the list does not have.
var single = []string{
	"aegis", "binary_ast", "early_hints", "fonts", "h2_prioritization", "image_resizing", "nel",
	"origin_max_http_version", "replace_insecure_js", "speed_brain", "ssl_automatic_mode",
}

type setting struct {
	ID       string `json:"id"`
	Value    any    `json:"value"`
	Editable bool   `json:"editable"`
	Modified any    `json:"modified_on"`
}

func (z *zone) setting(id string) setting {
	return setting{ID: id, Value: z.settings[id], Editable: !slices.Contains(paid, id)}
}

func listSettings(r *request) answer {
	all := []setting{}
	for _, id := range slices.Sorted(maps.Keys(r.zone.settings)) {
		if !slices.Contains(single, id) {
			all = append(all, r.zone.setting(id))
		}
	}
	return found(all)
}

func getSetting(r *request) answer {
	id := r.PathValue("id")
	if _, ok := r.zone.settings[id]; !ok {
		return unknownSetting(id)
	}
	return found(r.zone.setting(id))
}

func patchSetting(r *request) answer {
	var wanted setting
	if refused, ok := r.body(&wanted); !ok {
		return refused
	}
	return r.zone.set([]setting{{ID: r.PathValue("id"), Value: wanted.Value}}, false)
}

func patchSettings(r *request) answer {
	var wanted struct{ Items []setting }
	if refused, ok := r.body(&wanted); !ok {
		return refused
	}
	return r.zone.set(wanted.Items, true)
}

// set changes all of the settings or none.
func (z *zone) set(items []setting, many bool) answer {
	for _, item := range items {
		switch _, ok := z.settings[item.ID]; {
		case !ok:
			return unknownSetting(item.ID)
		case slices.Contains(paid, item.ID):
			return failure(http.StatusBadRequest, 1006, "Unauthorized to edit setting "+item.ID+": it needs a paid plan")
		case item.Value == nil:
			return failure(http.StatusBadRequest, 1007, "Invalid value for zone setting "+item.ID)
		}
	}
	var changed []setting
	for _, item := range items {
		z.settings[item.ID] = item.Value
		changed = append(changed, z.setting(item.ID))
	}
	if !many {
		return found(changed[0])
	}
	return found(changed)
}

func unknownSetting(id string) answer {
	return failure(http.StatusBadRequest, 1003, "Undefined zone setting: "+id)
}
