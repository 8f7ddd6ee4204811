package cloudflare

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

// Configuration says where a tunnel leads.
type Configuration struct {
	// Ingress are the rules; the first that matches a request counts.
	Ingress []Rule `json:"ingress"`
	// Origin holds for every rule that does not say otherwise.
	Origin Origin `json:"originRequest"`
}

// Rule sends some requests to a service.
type Rule struct {
	// Hostname is a name or a wildcard; empty is every name.
	Hostname string `json:"hostname"`
	// Path is a regular expression; empty is every path.
	Path string `json:"path"`
	// Service is a URL, or http_status:CODE for an answer without one.
	Service string `json:"service"`
	Origin  Origin `json:"originRequest"`
}

// Origin is how a service is spoken to.
type Origin struct {
	// ServerName is the name that the service's certificate must have.
	ServerName string `json:"originServerName"`
	// CAPool is a file with who may have signed it.
	CAPool string `json:"caPool"`
	// HTTP2 speaks HTTP/2.
	HTTP2 bool `json:"http2Origin"`
	// NoTLSVerify takes any certificate.
	NoTLSVerify bool `json:"noTLSVerify"`
}

func (t *tunnel) configuration() (c Configuration) {
	_ = json.Unmarshal(t.configured, &c) // was read when it came
	return c
}

func getConfiguration(r *request) answer {
	t := r.tunnel()
	if t == nil || t.deleted != nil {
		return noTunnel()
	}
	return found(t.shownConfiguration())
}

func (t *tunnel) shownConfiguration() map[string]any {
	shown := map[string]any{
		"tunnel_id": t.ID, "account_id": t.Account, "version": t.version, "source": "cloudflare", "created_at": t.created,
		"config": nil,
	}
	if t.version > 0 {
		shown["config"] = t.configured
	}
	return shown
}

func putConfiguration(r *request) answer {
	t := r.tunnel()
	if t == nil || t.deleted != nil {
		return noTunnel()
	}
	var wanted struct {
		Config map[string]any `json:"config"`
	}
	if refused, ok := r.body(&wanted); !ok {
		return refused
	}
	if wanted.Config == nil {
		return failure(http.StatusBadRequest, 1056, "Bad Configuration: config is missing")
	}
	// It is always told whether networks are routed, also to those who did not say.
	if warp, _ := wanted.Config["warp-routing"].(map[string]any); warp["enabled"] != true {
		wanted.Config["warp-routing"] = map[string]any{"enabled": false}
	}
	raw, err := json.Marshal(wanted.Config)
	var config Configuration
	if err == nil {
		err = json.Unmarshal(raw, &config)
	}
	if err != nil {
		return failure(http.StatusBadRequest, 1056, "Bad Configuration: "+err.Error())
	}
	if problem := config.problem(); problem != "" {
		return failure(http.StatusBadRequest, 1056, "Bad Configuration: "+problem)
	}
	t.configured, t.version, t.Remote = raw, t.version+1, true
	return found(t.shownConfiguration())
}

// problem is why a connector would not run it, in a connector's words
// (https://github.com/cloudflare/cloudflared/blob/master/ingress/ingress.go).
func (c Configuration) problem() string {
	if len(c.Ingress) == 0 {
		return "The config file doesn't contain any ingress rules"
	}
	for i, rule := range c.Ingress {
		last, all := i == len(c.Ingress)-1, (rule.Hostname == "" || rule.Hostname == "*") && rule.Path == ""
		_, err := regexp.Compile(rule.Path)
		switch {
		case rule.Service == "":
			return fmt.Sprintf("Rule #%d has no service", i+1)
		case strings.LastIndex(rule.Hostname, "*") > 0:
			return `Hostname patterns can have at most one wildcard character ("*") and it can only be used for ` +
				`subdomains, e.g. "*.example.com"`
		case last && !all:
			return "The last ingress rule must match all URLs (i.e. it should not have a hostname or path filter)"
		case !last && all:
			return fmt.Sprintf("Rule #%d is matching the hostname '%s', but this will match every hostname, "+
				"meaning the rules which follow it will never be triggered.", i+1, rule.Hostname)
		case err != nil:
			return fmt.Sprintf("Rule #%d has an invalid regex: %v", i+1, err)
		}
	}
	return ""
}

// rule is the first that matches a request. The last matches all of them.
func (c Configuration) rule(host, path string) (Rule, bool) {
	for _, rule := range c.Ingress {
		suffix, wild := strings.CutPrefix(rule.Hostname, "*")
		if rule.Hostname != "" && rule.Hostname != host && (!wild || !strings.HasSuffix(host, suffix)) {
			continue
		}
		if ok, err := regexp.MatchString(rule.Path, path); err != nil || !ok {
			continue
		}
		if rule.Origin.ServerName == "" {
			rule.Origin.ServerName = c.Origin.ServerName
		}
		if rule.Origin.CAPool == "" {
			rule.Origin.CAPool = c.Origin.CAPool
		}
		return rule, true
	}
	return Rule{}, false
}
