// Package gitserver is the Git host of the sealed room: it serves a snapshot of the working tree over Git's own smart
// HTTP protocol, spoken by git itself, and takes further commits from the rehearsal.
package gitserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/home-ops/home-ops/rack/tokenlog"
)

// Options say what is served.
type Options struct {
	// Tree is the directory whose content is the first commit: every file that .gitignore does not exclude. It is only
	// read, and a repository in it is not looked at.
	Tree string
	// Path is the repository's path in its URL, as /owner/name.git.
	Path string
	// Branch is the only branch.
	Branch string
	// Token is the password that a client must know; empty makes the repository public.
	Token string
	// Dir is where the server keeps the repository. It is created.
	Dir string
}

// Server is one Git repository, for reading, at its path on any host.
type Server struct {
	opts    Options
	git     string
	backend http.Handler
	shown   tokenlog.Log

	// mu guards the index, which Commit works on.
	mu sync.Mutex
	// door guards the tokens.
	door   sync.Mutex
	tokens map[string]bool
}

// New makes the repository and its first commit.
func New(ctx context.Context, opts Options) (*Server, error) {
	git, err := exec.LookPath("git")
	if err != nil {
		return nil, fmt.Errorf("git server: %w; install git", err)
	}
	s := &Server{opts: opts, git: git, tokens: map[string]bool{opts.Token: true}}
	s.backend = &cgi.Handler{
		Path: git, Args: []string{"http-backend"}, Dir: opts.Dir, Stderr: io.Discard,
		Env: append(s.environment(), "GIT_PROJECT_ROOT="+opts.Dir, "GIT_HTTP_EXPORT_ALL=1"),
	}
	if err := os.MkdirAll(s.repository(), 0o755); err != nil {
		return nil, fmt.Errorf("git server: %w", err)
	}
	if _, err := s.run(ctx, nil, "init", "--quiet", "--bare", "--initial-branch="+opts.Branch, s.repository()); err != nil {
		return nil, err
	}
	if _, err := s.run(ctx, nil, "--work-tree="+opts.Tree, "-C", opts.Tree, "add", "--all", "."); err != nil {
		return nil, err
	}
	if _, err := s.commit(ctx, "The working tree of this rehearsal"); err != nil {
		return nil, err
	}
	return s, nil
}

// ServeHTTP lets clients clone and fetch. There is no pushing: git serves that only to users, and there are none.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, s.opts.Path+"/") {
		http.Error(w, fmt.Sprintf("there is no %s here, only %s", r.URL.Path, s.opts.Path), http.StatusNotFound)
		return
	}
	if !s.admits(r) {
		w.Header().Set("WWW-Authenticate", `Basic realm="Git"`)
		http.Error(w, "the repository is private", http.StatusUnauthorized)
		return
	}
	// CGI wants to know the length beforehand; git's own client does not tell it for a long request.
	if r.ContentLength < 0 {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	}
	s.backend.ServeHTTP(w, r)
}

// admits reports whether a client may come in: anybody where the repository is public.
func (s *Server) admits(r *http.Request) bool {
	if s.opts.Token == "" {
		return true
	}
	_, password, shows := r.BasicAuth()
	if !shows {
		return false // a client asks first whether it must
	}
	s.door.Lock()
	good := s.tokens[password]
	s.door.Unlock()
	s.shown.Note(password, good)
	return good
}

// Accept makes another token good beside those that are. A public repository looks at none.
func (s *Server) Accept(token string) {
	s.door.Lock()
	defer s.door.Unlock()
	s.tokens[token] = true
}

// Revoke makes a token worthless.
func (s *Server) Revoke(token string) {
	s.door.Lock()
	defer s.door.Unlock()
	delete(s.tokens, token)
}

// Shown is how many requests showed a token.
func (s *Server) Shown(token string) tokenlog.Count { return s.shown.Of(token) }

func (s *Server) repository() string {
	return filepath.Join(s.opts.Dir, filepath.FromSlash(s.opts.Path))
}

// environment keeps the person's own settings of git out.
func (s *Server) environment() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.opts.Dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*", "GIT_CONFIG_KEY_1=core.autocrlf", "GIT_CONFIG_VALUE_1=false",
		"GIT_AUTHOR_NAME=rehearsal", "GIT_AUTHOR_EMAIL=rehearsal@localhost", "GIT_COMMITTER_NAME=rehearsal", "GIT_COMMITTER_EMAIL=rehearsal@localhost",
	}
}

// run runs git on the repository and returns what it prints.
func (s *Server) run(ctx context.Context, input []byte, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.git, args...)
	cmd.Env = append(s.environment(), "GIT_DIR="+s.repository(), "GIT_INDEX_FILE="+filepath.Join(s.repository(), "index"))
	cmd.Stdin = bytes.NewReader(input)
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(exit.Stderr))
	}
	if err != nil {
		return "", fmt.Errorf("git server: git %s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}
