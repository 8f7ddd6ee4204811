package onepassword

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/home-ops/home-ops/rack/tokenlog"
)

// Server is the Connect server.
type Server struct {
	mux   *http.ServeMux
	shown tokenlog.Log

	mu     sync.Mutex
	tokens map[string]bool
	vaults map[string]*Vault
	items  map[string]*Item
	faults []Fault
	calls  []Call
}

// Call is one request of the API and how it ended.
type Call struct {
	Method, Path string
	Status       int
}

// New makes a server without vaults that accepts the tokens.
func New(tokens ...string) *Server {
	s := &Server{
		mux: http.NewServeMux(), tokens: map[string]bool{}, vaults: map[string]*Vault{}, items: map[string]*Item{},
	}
	for _, token := range tokens {
		s.tokens[token] = true
	}
	s.mux.HandleFunc("GET /heartbeat", s.heartbeat)
	s.mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"name":"1Password Connect API","version":"1.8.1","dependencies":[]}`))
	})
	for pattern, handle := range map[string]handler{
		"GET /v1/vaults":                         s.listVaults,
		"GET /v1/vaults/{vault}":                 s.getVault,
		"GET /v1/vaults/{vault}/items":           s.listItems,
		"POST /v1/vaults/{vault}/items":          s.addItem,
		"GET /v1/vaults/{vault}/items/{item}":    s.getItem,
		"PUT /v1/vaults/{vault}/items/{item}":    s.replaceItem,
		"PATCH /v1/vaults/{vault}/items/{item}":  s.patchItem,
		"DELETE /v1/vaults/{vault}/items/{item}": s.deleteItem,
		"/v1/": func(req *http.Request) (int, any) {
			return failure(http.StatusNotImplemented, "the rehearsal's Connect server does not implement %s %s", req.Method, req.URL.Path)
		},
	} {
		s.mux.Handle(pattern, s.authorized(handle))
	}
	return s
}

// ServeHTTP answers as the server's API does.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) { s.mux.ServeHTTP(w, req) }

// Calls are the requests of the API so far, health checks left out.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Revoke stops accepting a token; Accept begins to.
func (s *Server) Revoke(token string) { s.set(token, false) }

// Accept begins to accept a token.
func (s *Server) Accept(token string) { s.set(token, true) }

// Shown is how many calls showed a token.
func (s *Server) Shown(token string) tokenlog.Count { return s.shown.Of(token) }

func (s *Server) set(token string, accepted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[token] = accepted
}

// handler answers with a status and a body; the server is locked meanwhile.
type handler func(req *http.Request) (status int, body any)

// authorized runs a handler for who has an accepted token, unless a fault comes first, and writes the call down.
func (s *Server) authorized(handle handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		status, body := s.answer(req, handle)
		if status == hangs {
			<-req.Context().Done()
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(body)
	})
}

func (s *Server) answer(req *http.Request, handle handler) (int, []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	status, body := s.next(req.Method).answered(func() (int, any) {
		token, isBearer := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
		s.shown.Note(token, isBearer && s.tokens[token])
		if isBearer && s.tokens[token] {
			return handle(req)
		}
		return failure(http.StatusUnauthorized, "Invalid token signature")
	})
	s.calls = append(s.calls, Call{req.Method, req.URL.Path, status})
	if body == nil {
		return status, nil
	}
	text, err := json.Marshal(body)
	if err != nil {
		return http.StatusInternalServerError, []byte(err.Error())
	}
	return status, text
}

func (s *Server) listVaults(req *http.Request) (int, any) {
	// The documentation filters by name, 1Password's own client by title.
	wanted, err := filter(req, "name", "title")
	if err != nil {
		return failure(http.StatusBadRequest, "%v", err)
	}
	found := []Vault{}
	for _, v := range s.vaults {
		if wanted == nil || strings.EqualFold(v.Name, *wanted) {
			found = append(found, s.counted(*v))
		}
	}
	slices.SortFunc(found, func(a, b Vault) int { return cmp.Compare(a.Name, b.Name) })
	return http.StatusOK, found
}

func (s *Server) getVault(req *http.Request) (int, any) {
	v, ok := s.vaults[req.PathValue("vault")]
	if !ok {
		return failure(http.StatusNotFound, "vault %s not found", req.PathValue("vault"))
	}
	return http.StatusOK, s.counted(*v)
}

func (s *Server) counted(v Vault) Vault {
	for _, item := range s.items {
		if item.Vault.ID == v.ID {
			v.Items++
		}
	}
	return v
}

// filter is the value that the request's SCIM filter wants for one of the attributes; nil when there is no filter.
func filter(req *http.Request, attributes ...string) (*string, error) {
	text := req.URL.Query().Get("filter")
	if text == "" {
		return nil, nil
	}
	match := scim.FindStringSubmatch(text)
	if match == nil || !slices.Contains(attributes, match[1]) {
		return nil, fmt.Errorf("filter %q: the rehearsal's Connect server knows %s eq \"VALUE\"", text, strings.Join(attributes, " or "))
	}
	return &match[2], nil
}

var scim = regexp.MustCompile(`^(\w+) eq "(.*)"$`)

// AddVault makes a vault, or finds it by its name, and returns its id.
func (s *Server) AddVault(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, v := range s.vaults {
		if v.Name == name {
			return id
		}
	}
	v := &Vault{ID: newID(), Name: name, Type: "USER_CREATED", CreatedAt: time.Now().UTC()}
	v.UpdatedAt = v.CreatedAt
	s.vaults[v.ID] = v
	return v.ID
}

// Items are the items of a vault, by title.
func (s *Server) Items(vault string) []Item {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []Item
	for item := range maps.Values(s.items) {
		if v := s.vaults[item.Vault.ID]; v.Name == vault {
			found = append(found, *item)
		}
	}
	slices.SortFunc(found, func(a, b Item) int { return cmp.Or(cmp.Compare(a.Title, b.Title), cmp.Compare(a.ID, b.ID)) })
	return found
}

func failure(status int, format string, args ...any) (int, any) {
	return status, map[string]any{"status": status, "message": fmt.Sprintf(format, args...)}
}
