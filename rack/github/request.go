package github

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Access is what a token may do.
type Access int

// What tokens may do.
const (
	// Strangers see what is public. It is the access of a request without a token.
	Strangers Access = iota
	// WriteStatuses also sets commit statuses.
	WriteStatuses
	// Administer also changes settings.
	Administer
)

// request is a call that has been let in. The server's lock is held.
type request struct {
	*http.Request
	server *Server
	access Access
	// repo is nil outside repositories.
	repo *repository
}

// handler answers a call.
type handler func(*request) answer

// handle lets in who may come in, and finds the repository.
func (s *Server) handle(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		s.mu.Lock()
		a := s.admit(req, h)
		s.mu.Unlock()
		s.send(w, req, a)
	})
}

func (s *Server) admit(req *http.Request, h handler) answer {
	r := &request{Request: req, server: s}
	if token := tokenOf(req); token != "" {
		access, good := s.tokens[token]
		s.shown.Note(token, good)
		if !good {
			return badCredentials()
		}
		r.access = access
	}
	owner := req.PathValue("owner")
	if owner == "" {
		return h(r)
	}
	r.repo = s.repos[fullName(owner, req.PathValue("repo"))]
	if r.repo == nil || r.repo.Private && r.access == Strangers {
		return notFound()
	}
	return h(r)
}

func badCredentials() answer { return failure(http.StatusUnauthorized, "Bad credentials") }

// tokenOf is the token of a request, in any of the forms that GitHub takes.
func tokenOf(req *http.Request) string {
	kind, token, _ := strings.Cut(req.Header.Get("Authorization"), " ")
	switch strings.ToLower(kind) {
	case "bearer", "token":
		return strings.TrimSpace(token)
	case "basic":
		_, password, _ := req.BasicAuth()
		return password
	}
	return ""
}

// need refuses a call of somebody who may not make it. Strangers are not told that
// there is anything.
func (r *request) need(access Access) (refused answer, ok bool) {
	switch {
	case r.access == Strangers:
		return notFound(), false
	case r.access < access:
		return failure(http.StatusForbidden, "Resource not accessible by personal access token"), false
	case r.repo.Archived && r.Method != http.MethodGet:
		return failure(http.StatusForbidden, "Repository was archived so is read-only."), false
	}
	return answer{}, true
}

// body reads what was sent.
func (r *request) body(into any) (refused answer, ok bool) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		return failure(http.StatusBadRequest, "Problems parsing JSON"), false
	}
	return answer{}, true
}

// id is the number at the path's end; 0, which nothing has, when it is none.
func (r *request) id() int64 {
	id, _ := strconv.ParseInt(r.PathValue("id"), 10, 64)
	return id
}

// url is the address of something in the repository.
func (r *request) url(rest string) string {
	return "https://" + Host + "/repos/" + r.repo.Owner + "/" + r.repo.Name + rest
}
