// Package cloudflare plays Cloudflare: the part of its API, version 4, that a home uses for
// its zone (records, settings), its tunnels and its tokens, and the edge that a visitor's
// request comes in at (https://developers.cloudflare.com/api/). What it does not play is
// refused by name, so that nobody is misled by an answer that means nothing.
//
// Where the real API's code for a refusal is documented or has been seen, it is that one.
package cloudflare

import (
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/home-ops/home-ops/rack/tokenlog"
)

// Host is the API's name.
const Host = "api.cloudflare.com"

// prefix is what the paths of the API begin with.
const prefix = "/client/v4"

// Options describe what there is at Cloudflare before anybody calls.
type Options struct {
	// Tokens are the API tokens that are good and may do everything. A client refuses any
	// that is not 40 letters, digits, hyphens and underscores.
	Tokens []string
	// Zones are those that exist.
	Zones []Zone
}

// Zone is a domain whose names Cloudflare serves.
type Zone struct {
	// ID is 32 hexadecimal digits.
	ID string
	// Name is the domain.
	Name string
	// Account is the id of the account that it belongs to.
	Account string
}

// Server is Cloudflare.
type Server struct {
	mux   *http.ServeMux
	shown tokenlog.Log

	mu      sync.Mutex
	tokens  map[string]*token
	zones   []*zone
	tunnels []*tunnel
	faults  []*Fault
	calls   []Call
}

// zone is a zone with what was made in it.
type zone struct {
	Zone
	records  []*Record
	settings map[string]any
	created  time.Time
}

// Call is one request that was made.
type Call struct {
	Method, Path string
	// Status is the answer's; 0 for a call that was never answered.
	Status int
}

// New makes a Cloudflare.
func New(options Options) *Server {
	s := &Server{mux: http.NewServeMux(), tokens: map[string]*token{}}
	for _, value := range options.Tokens {
		s.tokens[value] = &token{ID: newID(), Name: "first", Status: active, value: value, may: everything()}
	}
	for _, z := range options.Zones {
		s.zones = append(s.zones, &zone{Zone: z, settings: defaultSettings(), created: now()})
	}
	s.routes()
	return s
}

func (s *Server) routes() {
	const (
		records = "/zones/{zone}/dns_records"
		tunnels = "/accounts/{account}/cfd_tunnel"
		tunnel  = tunnels + "/{tunnel}"
	)
	for pattern, route := range map[string]struct {
		needs  permission
		answer handler
	}{
		"GET /zones":        {zoneRead, listZones},
		"GET /zones/{zone}": {zoneRead, getZone},

		"GET " + records:              {dnsRead, listRecords},
		"POST " + records:             {dnsWrite, createRecord},
		"GET " + records + "/{id}":    {dnsRead, getRecord},
		"PATCH " + records + "/{id}":  {dnsWrite, patchRecord},
		"PUT " + records + "/{id}":    {dnsWrite, putRecord},
		"DELETE " + records + "/{id}": {dnsWrite, deleteRecord},

		"GET /zones/{zone}/settings":        {settingsWrite, listSettings},
		"PATCH /zones/{zone}/settings":      {settingsWrite, patchSettings},
		"GET /zones/{zone}/settings/{id}":   {settingsWrite, getSetting},
		"PATCH /zones/{zone}/settings/{id}": {settingsWrite, patchSetting},
		"GET " + tunnels:                    {tunnelWrite, listTunnels},
		"POST " + tunnels:                   {tunnelWrite, createTunnel},
		"GET " + tunnel:                     {tunnelWrite, getTunnel},
		"PATCH " + tunnel:                   {tunnelWrite, patchTunnel},
		"DELETE " + tunnel:                  {tunnelWrite, deleteTunnel},
		"GET " + tunnel + "/token":          {tunnelWrite, getTunnelToken},
		"GET " + tunnel + "/connections":    {tunnelWrite, listConnections},
		"DELETE " + tunnel + "/connections": {tunnelWrite, cleanConnections},
		"GET " + tunnel + "/configurations": {tunnelWrite, getConfiguration},
		"PUT " + tunnel + "/configurations": {tunnelWrite, putConfiguration},

		"GET /user/tokens/verify":  {nothing, verifyToken},
		"GET /user/tokens":         {tokensWrite, listTokens},
		"POST /user/tokens":        {tokensWrite, createToken},
		"GET /user/tokens/{id}":    {tokensWrite, getToken},
		"PUT /user/tokens/{id}":    {tokensWrite, putToken},
		"DELETE /user/tokens/{id}": {tokensWrite, deleteToken},
	} {
		method, path := cut(pattern)
		s.mux.Handle(method+" "+prefix+path, s.handle(route.needs, route.answer))
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		send(w, req, failure(http.StatusBadRequest, 7000,
			"this stand-in for Cloudflare does not play "+req.Method+" "+req.URL.Path))
	})
}

// ServeHTTP answers as the API does.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	recorder := &statusRecorder{ResponseWriter: w}
	call := Call{Method: req.Method, Path: req.URL.Path}
	defer func() {
		call.Status = recorder.status
		s.mu.Lock()
		s.calls = append(s.calls, call)
		s.mu.Unlock()
	}()
	if s.fails(recorder, req) {
		return
	}
	s.mux.ServeHTTP(recorder, req)
}

// Calls are the requests so far, oldest first.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Revoke makes a token worthless.
func (s *Server) Revoke(value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, value)
}

// Accept makes a token good that may do what another may, which stays good: somebody has made it by hand.
func (s *Server) Accept(value, like string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if former := s.tokens[like]; former != nil {
		t := *former
		t.ID, t.value = newID(), value
		s.tokens[value] = &t
	}
}

// Shown is how many calls showed a token.
func (s *Server) Shown(token string) tokenlog.Count { return s.shown.Of(token) }

// Settings are what a zone is set to, by the API's names.
func (s *Server) Settings(zone string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	z := s.zoneNamed(zone)
	if z == nil {
		return nil
	}
	return maps.Clone(z.settings)
}

// zoneNamed is the zone of a domain, or the one with this id; nil for none.
func (s *Server) zoneNamed(name string) *zone {
	for _, z := range s.zones {
		if z.Name == name || z.ID == name {
			return z
		}
	}
	return nil
}
