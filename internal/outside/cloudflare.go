package outside

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// cloudflareAPI is where Cloudflare's provider asks, too (https://developers.cloudflare.com/api/).
const cloudflareAPI = "https://api.cloudflare.com/client/v4"

// cloudflarePage is the largest page that every list of Cloudflare's gives.
const cloudflarePage = 50

// Cloudflare is an account there.
type Cloudflare struct {
	service
	api *api
}

// NewCloudflare is Cloudflare by way of a transport. It tells what it removes.
func NewCloudflare(transport http.RoundTripper, tell func(string)) *Cloudflare {
	c := &Cloudflare{api: newAPI("Cloudflare", cloudflareAPI, transport)}
	c.api.unwrap, c.api.refusal = unwrapCloudflare, refusalOfCloudflare
	c.service = service{
		open: c.api.open, tell: tell,
		before: map[tokens.Type]leftover{
			"cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared": c.tunnel,
			"cloudflare:index/record:Record":                                         c.record,
			"cloudflare:index/apiToken:ApiToken":                                     c.apiToken,
		},
		after: map[tokens.Type]leftover{"cloudflare:index/apiToken:ApiToken": c.apiToken},
		deleted: map[tokens.Type]deletion{
			"cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared": {c.tunnelGone, byHand},
			"cloudflare:index/record:Record": {func(ctx context.Context, in inputs, id string) (bool, error) {
				return c.api.gone(ctx, recordsOf(in)+"/"+url.PathEscape(id))
			}, byRefresh},
			"cloudflare:index/apiToken:ApiToken": {func(ctx context.Context, _ inputs, id string) (bool, error) {
				return c.api.gone(ctx, "/user/tokens/"+url.PathEscape(id))
			}, byRefresh},
		},
	}
	return c
}

// envelope is the body of every answer of Cloudflare's.
type envelope struct {
	Errors []struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"errors"`
	Result json.RawMessage `json:"result"`
}

func unwrapCloudflare(raw []byte) (json.RawMessage, error) {
	var body envelope
	err := json.Unmarshal(raw, &body)
	return body.Result, err
}

func refusalOfCloudflare(raw []byte) string {
	var body envelope
	_ = json.Unmarshal(raw, &body) // one that is none is told by its status alone
	var all []string
	for _, e := range body.Errors {
		all = append(all, fmt.Sprintf("%s (%d)", e.Message, e.Code))
	}
	return strings.Join(all, ", ")
}

// Zone is the id of an account's zone. The provider has a function for it, which waits for ever when Cloudflare is silent.
func (c *Cloudflare) Zone(ctx context.Context, account, name string) (string, error) {
	query := url.Values{"name": {name}, "account.id": {account}}
	var zones []struct{ ID string }
	if err := c.api.do(ctx, http.MethodGet, "/zones?"+query.Encode(), &zones); err != nil {
		return "", fmt.Errorf("edge.cloudflare.zone %s: %w", name, err)
	}
	if len(zones) != 1 {
		return "", fmt.Errorf("edge.cloudflare.zone: account %s has %d zones called %s that the token of edge.cloudflare.apiTokenRef may read",
			account, len(zones), name)
	}
	return zones[0].ID, nil
}

// tunnel removes the cluster's own tunnel, if no connector uses it. Cloudflare tells a tunnel's secret to who may delete it.
func (c *Cloudflare) tunnel(ctx context.Context, in inputs, _ string) error {
	name, tunnels := in.text("name"), tunnelsOf(in)
	type tunnel struct {
		ID, Name    string
		Connections []struct{}
	}
	query := url.Values{"name": {name}, "is_deleted": {"false"}}
	found, err := list[tunnel](ctx, c.api, tunnels+"?"+query.Encode(), cloudflarePage)
	if err != nil {
		return err
	}
	for _, t := range found {
		if t.Name != name {
			continue
		}
		var token string
		if err := c.api.do(ctx, http.MethodGet, tunnels+"/"+t.ID+"/token", &token); err != nil {
			return err
		}
		switch {
		case secretOfTunnel(token) != in.text("secret"):
			return fmt.Errorf("tunnel %s (%s) is there already, and is another's: its secret is not this cluster's. "+
				"Choose another edge.cloudflare.tunnelName; or, if nobody needs it: cloudflared tunnel delete %s", name, t.ID, t.ID)
		case len(t.Connections) > 0:
			return fmt.Errorf("tunnel %s (%s) is this cluster's, the state does not know it, and its connectors are at work: "+
				"no dead run has left it, but the state is an older one. To have the tunnel made anew: cloudflared tunnel delete --force %s", name, t.ID, t.ID)
		}
		if err := c.api.remove(ctx, tunnels+"/"+t.ID); err != nil {
			return err
		}
		c.tell(fmt.Sprintf("tunnel %s (%s) was left, unknown to the state, by a run that has died; it is removed and made again", name, t.ID))
	}
	return nil
}

// tunnelsOf and recordsOf are where the things of an account, and of a zone, are.
func tunnelsOf(in inputs) string {
	return "/accounts/" + url.PathEscape(in.text("accountId")) + "/cfd_tunnel"
}

func recordsOf(in inputs) string {
	return "/zones/" + url.PathEscape(in.text("zoneId")) + "/dns_records"
}

// tunnelGone is whether a tunnel was deleted. Cloudflare shows it for some time after that.
func (c *Cloudflare) tunnelGone(ctx context.Context, in inputs, id string) (bool, error) {
	var shown struct {
		DeletedAt string `json:"deleted_at"`
	}
	err := c.api.do(ctx, http.MethodGet, tunnelsOf(in)+"/"+url.PathEscape(id), &shown)
	if isNotFound(err) {
		return true, nil
	}
	return shown.DeletedAt != "", err
}

// secretOfTunnel is the secret in a connector's token; empty where there is none.
func secretOfTunnel(token string) string {
	var claims struct {
		Secret string `json:"s"`
	}
	raw, err := base64.StdEncoding.DecodeString(token)
	if err != nil || json.Unmarshal(raw, &claims) != nil {
		return ""
	}
	return claims.Secret
}

// record removes the records of the name that bear the comment.
func (c *Cloudflare) record(ctx context.Context, in inputs, _ string) error {
	name, records := in.text("name"), recordsOf(in)
	type record struct{ ID, Name, Type, Content, Comment string }
	found, err := list[record](ctx, c.api, records+"?"+url.Values{"name": {name}}.Encode(), cloudflarePage)
	if err != nil {
		return err
	}
	leads := func(kind string) bool { return slices.Contains([]string{"A", "AAAA", "CNAME"}, kind) }
	for _, r := range found {
		switch {
		case !strings.EqualFold(r.Name, name) || !leads(r.Type):
			continue
		case r.Comment == in.text("comment"):
			if err := c.api.remove(ctx, records+"/"+r.ID); err != nil {
				return err
			}
			c.tell(fmt.Sprintf("record %s %s was left, unknown to the state, by a run that has died; it is removed and made again", r.Name, r.Type))
		// Cloudflare has a CNAME beside no other record that leads somewhere.
		case r.Type == "CNAME" || in.text("type") == "CNAME" || r.Type == in.text("type") && r.Content == in.text("content"):
			return fmt.Errorf("record %s %s, which leads to %s, is there already, and is another's: its comment is not %q. "+
				"If nobody needs it: curl -X DELETE -H \"Authorization: Bearer $CLOUDFLARE_API_TOKEN\" %s%s/%s",
				r.Name, r.Type, r.Content, in.text("comment"), cloudflareAPI, records, r.ID)
		}
	}
	return nil
}

// apiToken removes the tokens of the name that are for the same zones. Their values were told once, to a run that is dead.
func (c *Cloudflare) apiToken(ctx context.Context, in inputs, id string) error {
	type token struct {
		ID, Name string
		Policies []struct{ Resources map[string]any }
	}
	found, err := list[token](ctx, c.api, "/user/tokens?", cloudflarePage)
	if err != nil {
		return err
	}
	wanted := resourcesOf(in)
	for _, t := range found {
		var has []string
		for _, policy := range t.Policies {
			for name := range policy.Resources {
				has = append(has, name)
			}
		}
		slices.Sort(has)
		if t.ID == id || t.Name != in.text("name") || !slices.Equal(has, wanted) {
			continue
		}
		if err := c.api.remove(ctx, "/user/tokens/"+t.ID); err != nil {
			return err
		}
		c.tell(fmt.Sprintf("API token %q (%s) was made by a run or a call that never heard of it; it is removed", t.Name, t.ID))
	}
	return nil
}

// resourcesOf are what the policies of a token are about, in order.
func resourcesOf(in inputs) []string {
	var names []string
	policies := in.at("policies")
	if !policies.IsArray() {
		return nil
	}
	for _, policy := range policies.ArrayValue() {
		policy = opened(policy)
		if !policy.IsObject() {
			continue
		}
		if of := inputs(policy.ObjectValue()).at("resources"); of.IsObject() {
			for name := range of.ObjectValue() {
				names = append(names, string(name))
			}
		}
	}
	slices.SortFunc(names, strings.Compare)
	return names
}
