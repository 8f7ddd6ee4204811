package cloudflare

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// request is a call that has been let in. The server's lock is held.
type request struct {
	*http.Request
	server *Server
	token  *token
	// zone is nil outside zones.
	zone *zone
}

// handler answers a call.
type handler func(*request) answer

// handle lets in who may come in, and finds the zone.
func (s *Server) handle(needs permission, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		s.mu.Lock()
		a := s.admit(req, needs, h)
		s.mu.Unlock()
		send(w, req, a)
	})
}

func (s *Server) admit(req *http.Request, needs permission, h handler) answer {
	header := req.Header.Get("Authorization")
	value, bearer := strings.CutPrefix(header, "Bearer ")
	switch {
	case header == "":
		return failure(http.StatusBadRequest, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
	case !bearer || value == "":
		return failure(http.StatusBadRequest, 6003, "Invalid request headers")
	}
	r := &request{Request: req, server: s, token: s.tokens[value]}
	s.shown.Note(value, r.token != nil)
	if r.token == nil {
		if needs == nothing { // the check of a token tells of it in other words
			return failure(http.StatusUnauthorized, 1000, "Invalid API Token")
		}
		return failure(http.StatusForbidden, 9109, "Invalid access token")
	}
	if id := req.PathValue("zone"); id != "" {
		r.zone = s.zoneNamed(id)
		if r.zone == nil || r.zone.ID != id {
			return failure(http.StatusNotFound, 7003,
				"Could not route to "+strings.TrimPrefix(req.URL.Path, prefix)+", perhaps your object identifier is invalid?")
		}
	}
	account := req.PathValue("account")
	if !r.may(needs) || account != "" && !s.hasAccount(account) {
		return failure(http.StatusForbidden, 10000, "Authentication error")
	}
	return h(r)
}

// may reports whether the token allows something, in the zone that the call is about.
func (r *request) may(needs permission) bool {
	return needs == nothing || r.token.allows(needs, r.zone)
}

func (s *Server) hasAccount(id string) bool {
	for _, z := range s.zones {
		if z.Account == id {
			return true
		}
	}
	return false
}

// body reads what was sent.
func (r *request) body(into any) (refused answer, ok bool) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		return failure(http.StatusBadRequest, 9207, "Request body is invalid: "+err.Error()), false
	}
	return answer{}, true
}
