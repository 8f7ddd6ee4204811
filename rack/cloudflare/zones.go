package cloudflare

import "strings"

// shownZone is a zone as the API shows it.
func shownZone(z *zone) map[string]any {
	return map[string]any{
		"id": z.ID, "name": z.Name, "status": active, "paused": false, "type": "full", "development_mode": 0,
		"name_servers":          []string{"ada.ns.cloudflare.com", "bob.ns.cloudflare.com"},
		"original_name_servers": []string{}, "permissions": []string{"#zone:read", "#dns_records:edit"},
		"plan":       map[string]any{"id": "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "name": "Free Website", "legacy_id": "free"},
		"account":    map[string]any{"id": z.Account, "name": "home"},
		"owner":      map[string]any{"id": nil, "type": "user", "email": nil},
		"meta":       map[string]any{"page_rule_quota": 3, "wildcard_proxiable": true, "phishing_detected": false},
		"created_on": z.created, "modified_on": z.created, "activated_on": z.created,
	}
}

// listZones lists what the token may see.
func listZones(r *request) answer {
	query, all := r.URL.Query(), []map[string]any{}
	for _, z := range r.server.zones {
		name, account := query.Get("name"), query.Get("account.id")
		if name != "" && !strings.EqualFold(name, z.Name) || account != "" && account != z.Account ||
			!r.token.allows(zoneRead, z) {
			continue
		}
		all = append(all, shownZone(z))
	}
	return list(all)
}

func getZone(r *request) answer { return found(shownZone(r.zone)) }
