package cloudflare_test

import (
	"net/http"
	"testing"

	"github.com/home-ops/home-ops/rack/cloudflare"
)

func TestRoute_FollowsANameThroughTheTunnel(t *testing.T) {
	c := start(t)
	id := c.call(http.MethodPost, tunnels, map[string]any{"name": "home", "tunnel_secret": secret})["id"].(string)
	c.Upsert("example.com", cloudflare.Record{Name: "external.example.com", Type: "CNAME", Content: id + ".cfargotunnel.com", Proxied: true})
	for name, proxied := range map[string]bool{"echo": true, "plain": false, "a.b": true} {
		c.Upsert("example.com", cloudflare.Record{
			Name: name + ".example.com", Type: "CNAME", Content: "external.example.com", Proxied: proxied,
		})
	}
	c.Upsert("example.com", cloudflare.Record{Name: "round.example.com", Type: "CNAME", Content: "round.example.com", Proxied: true})
	c.Upsert("example.com", cloudflare.Record{Name: "direct.example.com", Type: "A", Content: "203.0.113.1"})
	c.Upsert("example.com", cloudflare.Record{Name: "old.example.com", Type: "CNAME", Content: "gone.cfargotunnel.com", Proxied: true})

	if _, err := c.Route("echo.example.com", "/"); err == nil || err.Error() != "echo.example.com: tunnel home has no configuration" {
		t.Errorf("error is %v", err)
	}
	c.call(http.MethodPut, tunnels+"/"+id+"/configurations", map[string]any{"config": map[string]any{"ingress": []any{
		map[string]any{"hostname": "*.example.com", "path": "^/api", "service": "http://api"},
		map[string]any{
			"hostname": "*.example.com", "service": "https://gateway:443",
			"originRequest": map[string]any{"originServerName": "external.example.com", "connectTimeout": 30},
		},
		map[string]any{"service": "http_status:404"},
	}}})
	for path, service := range map[string]string{"/": "https://gateway:443", "/api/v1": "http://api"} {
		got, err := c.Route("Echo.example.com", path)
		if err != nil || got.Service != service || got.Tunnel != id {
			t.Errorf("%s leads to %+v: %v", path, got, err)
		}
	}
	if got, _ := c.Route("echo.example.com", "/"); got.Origin.ServerName != "external.example.com" {
		t.Errorf("the server's name is %q", got.Origin.ServerName)
	}
	if got, err := c.Route("direct.example.com", "/"); err != nil || got.Address != "203.0.113.1" || got.Proxied {
		t.Errorf("direct leads to %+v: %v", got, err)
	}
	for name, want := range map[string]string{
		"plain.example.com":   "plain.example.com: its record is not proxied, and leads to a tunnel: visitors find no address",
		"a.b.example.com":     "a.b.example.com: Cloudflare's certificate covers example.com and *.example.com, and no deeper name",
		"missing.example.com": "missing.example.com: zone example.com has no record for missing.example.com",
		"round.example.com":   "round.example.com: its CNAMEs go round in a circle at round.example.com",
		"old.example.com":     "old.example.com: old.example.com leads to a tunnel that does not exist: gone.cfargotunnel.com",
		"example.net":         "example.net: no zone has this name",
	} {
		if _, err := c.Route(name, "/"); err == nil || err.Error() != want {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
}
