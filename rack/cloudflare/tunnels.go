package cloudflare

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"
)

// tunnel is a tunnel, deleted ones too: they are shown for ever.
type tunnel struct {
	Tunnel
	secret      string
	created     time.Time
	deleted     *time.Time
	configured  json.RawMessage
	version     int
	connections []string
}

// Tunnel is a tunnel as it is kept at Cloudflare.
type Tunnel struct {
	ID, Name, Account string
	// Remote says that its configuration is kept at Cloudflare, not beside its connectors.
	Remote bool
	// Connectors is how many connect it.
	Connectors int
	// Configuration says where requests go; empty when there is none.
	Configuration Configuration
}

// Tunnel finds a tunnel that is not deleted, by its id or name.
func (s *Server) Tunnel(name string) (Tunnel, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tunnels {
		if t.deleted == nil && (t.ID == name || t.Name == name) {
			return t.shownTunnel(), true
		}
	}
	return Tunnel{}, false
}

func (t *tunnel) shownTunnel() Tunnel {
	shown := t.Tunnel
	shown.Connectors, shown.Configuration = len(t.connections), t.configuration()
	return shown
}

// Connect is what a connector does that runs with a tunnel's token.
func (s *Server) Connect(token string) (Tunnel, error) {
	raw, err := base64.StdEncoding.DecodeString(token)
	var claims struct {
		Account string `json:"a"`
		Tunnel  string `json:"t"`
		Secret  string `json:"s"`
	}
	if err == nil {
		err = json.Unmarshal(raw, &claims)
	}
	if err != nil {
		return Tunnel{}, fmt.Errorf("provided Tunnel token is not valid: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tunnels {
		if t.ID == claims.Tunnel && t.deleted == nil && t.secret == claims.Secret && t.Account == claims.Account {
			t.connections = append(t.connections, uuid.NewString())
			return t.shownTunnel(), nil
		}
	}
	return Tunnel{}, fmt.Errorf("tunnel %s: Unauthorized: Invalid tunnel secret", claims.Tunnel)
}

// Disconnect ends every connection of a tunnel.
func (s *Server) Disconnect(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tunnels {
		if t.ID == id {
			t.connections = nil
		}
	}
}

// shown is a tunnel as the API shows it.
func (t *tunnel) shown() map[string]any {
	status := "inactive"
	if len(t.connections) > 0 {
		status = "healthy"
	}
	source := map[bool]string{true: "cloudflare", false: "local"}[t.Remote]
	return map[string]any{
		"id": t.ID, "name": t.Name, "account_tag": t.Account, "tun_type": "cfd_tunnel", "status": status,
		"created_at": t.created, "deleted_at": t.deleted, "conns_active_at": nil, "conns_inactive_at": nil,
		"connections": t.shownConnections(), "metadata": map[string]any{},
		"remote_config": t.Remote, "config_src": source,
	}
}

func (t *tunnel) shownConnections() []map[string]any {
	shown := []map[string]any{}
	for _, id := range t.connections {
		shown = append(shown, map[string]any{
			"id": id, "client_id": id, "client_version": "2025.11.1", "colo_name": "hom01",
			"is_pending_reconnect": false, "opened_at": t.created, "origin_ip": "203.0.113.1",
		})
	}
	return shown
}

func listTunnels(r *request) answer {
	query, all := r.URL.Query(), []map[string]any{}
	for _, t := range r.server.tunnels {
		name, deleted := query.Get("name"), query.Get("is_deleted")
		if t.Account != r.PathValue("account") || name != "" && name != t.Name ||
			deleted != "" && deleted != fmt.Sprint(t.deleted != nil) {
			continue
		}
		all = append(all, t.shown())
	}
	return list(all)
}

func (r *request) tunnel() *tunnel {
	for _, t := range r.server.tunnels {
		if t.ID == r.PathValue("tunnel") && t.Account == r.PathValue("account") {
			return t
		}
	}
	return nil
}

func noTunnel() answer { return failure(http.StatusNotFound, 1003, "Tunnel not found") }

func createTunnel(r *request) answer {
	var wanted struct {
		Name   string `json:"name"`
		Secret string `json:"tunnel_secret"`
		Source string `json:"config_src"`
	}
	if refused, ok := r.body(&wanted); !ok {
		return refused
	}
	secret, err := base64.StdEncoding.DecodeString(wanted.Secret)
	switch {
	case wanted.Name == "":
		return failure(http.StatusBadRequest, 1005, "Tunnel name is required")
	case wanted.Secret != "" && (err != nil || len(secret) < 32):
		return failure(http.StatusBadRequest, 1005, "Tunnel secret must be at least 32 bytes, as base64")
	case wanted.Source != "" && wanted.Source != "local" && wanted.Source != "cloudflare":
		return failure(http.StatusBadRequest, 1005, "Tunnel config_src must be local or cloudflare")
	case r.server.taken(wanted.Name, r.PathValue("account"), nil):
		return failure(http.StatusConflict, 1013, "You already have a tunnel with this name")
	}
	t := &tunnel{
		Tunnel: Tunnel{
			ID: uuid.NewString(), Name: wanted.Name, Account: r.PathValue("account"), Remote: wanted.Source == "cloudflare",
		},
		secret: wanted.Secret, created: now(),
	}
	r.server.tunnels = append(r.server.tunnels, t)
	return found(t.shown())
}

// taken reports whether another tunnel has a name. That of a deleted one is free.
func (s *Server) taken(name, account string, but *tunnel) bool {
	return slices.ContainsFunc(s.tunnels, func(t *tunnel) bool {
		return t != but && t.deleted == nil && t.Name == name && t.Account == account
	})
}

func getTunnel(r *request) answer {
	if t := r.tunnel(); t != nil {
		return found(t.shown())
	}
	return noTunnel()
}

func patchTunnel(r *request) answer {
	t := r.tunnel()
	if t == nil || t.deleted != nil {
		return noTunnel()
	}
	wanted := struct {
		Name   string `json:"name"`
		Secret string `json:"tunnel_secret"`
	}{t.Name, t.secret}
	if refused, ok := r.body(&wanted); !ok {
		return refused
	}
	if r.server.taken(wanted.Name, t.Account, t) {
		return failure(http.StatusConflict, 1013, "You already have a tunnel with this name")
	}
	t.Name, t.secret = wanted.Name, wanted.Secret
	return found(t.shown())
}

func deleteTunnel(r *request) answer {
	t := r.tunnel()
	switch {
	case t == nil || t.deleted != nil:
		return noTunnel()
	case len(t.connections) > 0:
		return failure(http.StatusBadRequest, 1022,
			"Cannot delete tunnel because it has active connections. Please stop all cloudflared processes or use the cleanup endpoint")
	}
	at := now()
	t.deleted = &at
	return found(t.shown())
}

func getTunnelToken(r *request) answer {
	t := r.tunnel()
	if t == nil || t.deleted != nil {
		return noTunnel()
	}
	raw, err := json.Marshal(map[string]string{"a": t.Account, "t": t.ID, "s": t.secret})
	if err != nil {
		return failure(http.StatusInternalServerError, 1000, err.Error())
	}
	return found(base64.StdEncoding.EncodeToString(raw))
}

func listConnections(r *request) answer {
	t := r.tunnel()
	if t == nil {
		return noTunnel()
	}
	connectors := []map[string]any{}
	for _, connection := range t.shownConnections() {
		connectors = append(connectors, map[string]any{
			"id": connection["client_id"], "version": connection["client_version"], "arch": "linux_amd64",
			"config_version": t.version, "run_at": t.created, "conns": []any{connection},
		})
	}
	return found(connectors)
}

func cleanConnections(r *request) answer {
	t := r.tunnel()
	if t == nil {
		return noTunnel()
	}
	t.connections = nil
	return found(map[string]any{})
}
