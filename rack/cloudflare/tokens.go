package cloudflare

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

// permission is something that a token allows.
type permission int

const (
	nothing permission = iota
	zoneRead
	dnsRead
	dnsWrite
	settingsWrite
	tunnelWrite
	tokensWrite
)

// groups are the permission groups that can be given to a token, by their ids, which are
// the same in every account.
var groups = map[string][]permission{
	"c8fed203ed3043cba015a93ad1616f1f": {zoneRead},
	"82e64a83756745bbbb1c9c2701bf816b": {dnsRead},
	"4755a26eedb94da69e1066d98aa820be": {dnsRead, dnsWrite},
	"3030687196b94b638145a3953da2b699": {settingsWrite},
	"c07321b023e944ff818fec44d8203567": {tunnelWrite},
}

const active = "active"

// token is an API token.
type token struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Status     string     `json:"status"`
	IssuedOn   time.Time  `json:"issued_on"`
	ModifiedOn time.Time  `json:"modified_on"`
	NotBefore  *time.Time `json:"not_before,omitempty"`
	ExpiresOn  *time.Time `json:"expires_on,omitempty"`
	Policies   []policy   `json:"policies"`
	Condition  any        `json:"condition,omitempty"`
	// Value is told once, when the token is made.
	Value string `json:"value,omitempty"`

	value string
	may   func(permission, *zone) bool
}

type policy struct {
	ID        string         `json:"id"`
	Effect    string         `json:"effect"`
	Resources map[string]any `json:"resources"`
	Groups    []group        `json:"permission_groups"`
}

type group struct {
	ID string `json:"id"`
}

// Token is what an API token may do.
type Token struct {
	ID, Name string
	// Value is the secret by which it is used.
	Value string
}

// Tokens are the API tokens that were made through the API, in the order of names.
func (s *Server) Tokens() []Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Token
	for _, t := range s.tokens {
		if len(t.Policies) > 0 {
			out = append(out, Token{t.ID, t.Name, t.value})
		}
	}
	slices.SortFunc(out, func(a, b Token) int { return strings.Compare(a.Name+a.ID, b.Name+b.ID) })
	return out
}

func everything() func(permission, *zone) bool {
	return func(permission, *zone) bool { return true }
}

func (t *token) allows(needs permission, in *zone) bool { return t.may(needs, in) }

// byPolicies is what policies allow. Nothing is denied that was not allowed by another.
func byPolicies(policies []policy) func(permission, *zone) bool {
	allowed := func(p policy, needs permission, in *zone) bool {
		return slices.ContainsFunc(p.Groups, func(g group) bool { return slices.Contains(groups[g.ID], needs) }) &&
			covers(p.Resources, in)
	}
	return func(needs permission, in *zone) bool {
		ok := false
		for _, p := range policies {
			if allowed(p, needs, in) {
				if p.Effect == "deny" {
					return false
				}
				ok = true
			}
		}
		return ok
	}
}

// covers reports whether a policy's resources have the zone among them; what is in no
// zone is the account's or everybody's.
func covers(resources map[string]any, in *zone) bool {
	const zones, accounts = "com.cloudflare.api.account.zone.", "com.cloudflare.api.account."
	for name := range resources {
		if in == nil || name == zones+"*" || name == zones+in.ID || name == accounts+in.Account || name == accounts+"*" {
			return true
		}
	}
	return false
}

func verifyToken(r *request) answer {
	a := found(map[string]any{"id": r.token.ID, "status": r.token.Status})
	a.messages = []message{{10000, "This API Token is valid and active"}}
	return a
}

func listTokens(r *request) answer {
	var all []*token
	for _, t := range r.server.tokens {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b *token) int { return strings.Compare(a.ID, b.ID) })
	return list(all)
}

// createToken takes any name: two tokens may have the same one.
func createToken(r *request) answer {
	t := &token{}
	if refused, ok := r.tokenBody(t); !ok {
		return refused
	}
	raw := make([]byte, 20)
	_, _ = rand.Read(raw) // never fails
	t.ID, t.value, t.IssuedOn = newID(), hex.EncodeToString(raw), now()
	t.ModifiedOn = t.IssuedOn
	r.server.tokens[t.value] = t
	shown := *t
	shown.Value = t.value
	return found(&shown)
}

// tokenBody reads a token as it is to be.
func (r *request) tokenBody(t *token) (refused answer, ok bool) {
	if refused, ok := r.body(t); !ok {
		return refused, false
	}
	t.Status, t.Value = active, ""
	if t.Name == "" || len(t.Policies) == 0 {
		return failure(http.StatusBadRequest, 1001, "A token must have a name and at least one policy"), false
	}
	for i, p := range t.Policies {
		if len(p.Groups) == 0 || len(p.Resources) == 0 {
			return failure(http.StatusBadRequest, 1001, "A policy must have permission groups and resources"), false
		}
		for _, g := range p.Groups {
			if _, known := groups[g.ID]; !known {
				return failure(http.StatusBadRequest, 1001, "Permission group "+g.ID+" does not exist"), false
			}
		}
		t.Policies[i].ID = newID()
	}
	t.may = byPolicies(t.Policies)
	return answer{}, true
}

func (r *request) tokenNamed() *token {
	for _, t := range r.server.tokens {
		if t.ID == r.PathValue("id") {
			return t
		}
	}
	return nil
}

func noToken() answer { return failure(http.StatusNotFound, 1003, "Token not found") }

func getToken(r *request) answer {
	if t := r.tokenNamed(); t != nil {
		return found(t)
	}
	return noToken()
}

func putToken(r *request) answer {
	t := r.tokenNamed()
	if t == nil {
		return noToken()
	}
	next := &token{}
	if refused, ok := r.tokenBody(next); !ok {
		return refused
	}
	next.ID, next.value, next.IssuedOn, next.ModifiedOn = t.ID, t.value, t.IssuedOn, now()
	r.server.tokens[t.value] = next
	return found(next)
}

func deleteToken(r *request) answer {
	t := r.tokenNamed()
	if t == nil {
		return noToken()
	}
	delete(r.server.tokens, t.value)
	return found(map[string]any{"id": t.ID})
}
