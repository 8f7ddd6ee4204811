// Package github plays GitHub: the part of its REST API that a cluster's owner uses for
// the repository which the cluster follows (deploy keys, webhooks, rulesets, commit
// statuses), and the webhooks that it sends, signed as the real ones
// (https://docs.github.com/en/rest). What it does not play is answered by 501, and so
// is nobody misled by an answer that means nothing.
package github

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/home-ops/home-ops/rack/tokenlog"
)

// Host is the API's name.
const Host = "api.github.com"

// Options describe what there is at GitHub before anybody calls.
type Options struct {
	// Tokens are the access tokens that are good, with what each may do.
	Tokens map[string]Access
	// Repositories are those that exist.
	Repositories []Repository
	// Client delivers webhooks. Without one, none is delivered.
	Client *http.Client
}

// Repository is one repository. Its owner is a person, not an organization.
type Repository struct {
	Owner, Name string
	// DefaultBranch is main when empty.
	DefaultBranch string
	// Private hides it from strangers. Its owner has no paid plan, and thus no rulesets.
	Private bool
	// Archived refuses every change.
	Archived bool
}

// Server is GitHub. Close it after use.
type Server struct {
	mux    *http.ServeMux
	client *http.Client
	shown  tokenlog.Log

	mu         sync.Mutex
	tokens     map[string]Access
	repos      map[string]*repository
	lastID     int64
	faults     []*Fault
	calls      []Call
	deliveries []Delivery
	sending    sync.WaitGroup
}

// repository is a repository with what was made in it.
type repository struct {
	Repository
	id       int64
	keys     []*deployKey
	hooks    []*hook
	rulesets []*ruleset
	statuses []*Status
}

// Call is one request that was made.
type Call struct {
	Method, Path string
	// Status is the answer's; 0 for a call that was never answered.
	Status int
}

// New makes a GitHub.
func New(options Options) *Server {
	s := &Server{
		mux: http.NewServeMux(), client: options.Client,
		tokens: map[string]Access{}, repos: map[string]*repository{}, lastID: 1000,
	}
	for token, access := range options.Tokens {
		s.tokens[token] = access
	}
	for _, r := range options.Repositories {
		r.DefaultBranch = cmp.Or(r.DefaultBranch, "main")
		s.repos[fullName(r.Owner, r.Name)] = &repository{Repository: r, id: s.nextID()}
	}
	s.routes()
	return s
}

func (s *Server) routes() {
	const repo = "/repos/{owner}/{repo}"
	for pattern, handler := range map[string]handler{
		"GET /user":        getUser,
		"GET /orgs/{name}": getOrganization,
		"GET /rate_limit":  getRateLimit,
		"GET " + repo:      getRepository,

		"GET " + repo + "/keys":         listKeys,
		"POST " + repo + "/keys":        createKey,
		"GET " + repo + "/keys/{id}":    getKey,
		"DELETE " + repo + "/keys/{id}": deleteKey,

		"GET " + repo + "/hooks":             listHooks,
		"POST " + repo + "/hooks":            createHook,
		"GET " + repo + "/hooks/{id}":        getHook,
		"PATCH " + repo + "/hooks/{id}":      updateHook,
		"DELETE " + repo + "/hooks/{id}":     deleteHook,
		"POST " + repo + "/hooks/{id}/pings": pingHook,

		"GET " + repo + "/rulesets":         listRulesets,
		"POST " + repo + "/rulesets":        createRuleset,
		"GET " + repo + "/rulesets/{id}":    getRuleset,
		"PUT " + repo + "/rulesets/{id}":    updateRuleset,
		"DELETE " + repo + "/rulesets/{id}": deleteRuleset,

		"GET " + repo + "/commits/{sha}/statuses": listStatuses,
		"POST " + repo + "/statuses/{sha}":        createStatus,
	} {
		s.mux.Handle(pattern, s.handle(handler))
	}
	s.mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		s.send(w, req, failure(http.StatusNotImplemented, "this stand-in for GitHub does not play "+req.Method+" "+req.URL.Path))
	})
}

// ServeHTTP answers as the API does; below /api/v3 too, where clients look that were
// given another address than GitHub's own.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if path, ok := strings.CutPrefix(req.URL.Path, "/api/v3"); ok {
		req.URL.Path, req.URL.RawPath = path, ""
	}
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

// Close waits for the webhooks that are being delivered.
func (s *Server) Close() { s.sending.Wait() }

// Calls are the requests so far, oldest first.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Revoke makes a token worthless.
func (s *Server) Revoke(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, token)
}

// Accept makes a token good that may do what another may, which stays good.
func (s *Server) Accept(token, like string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if access, good := s.tokens[like]; good {
		s.tokens[token] = access
	}
}

// Shown is how many calls showed a token.
func (s *Server) Shown(token string) tokenlog.Count { return s.shown.Of(token) }

func (s *Server) nextID() int64 { s.lastID++; return s.lastID }

func fullName(owner, name string) string { return strings.ToLower(owner + "/" + name) }

// now is the time as GitHub writes it.
func now() string { return time.Now().UTC().Format(time.RFC3339) }

// statusRecorder remembers the answer's status.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}
