// Package registry is the sealed room's OCI registry: it speaks the real protocol at the real host names, and holds the
// charts that the stack's program asks for.
package registry

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/google/go-containerregistry/pkg/registry"
	helmregistry "helm.sh/helm/v3/pkg/registry"
)

// Registry holds artifacts for any number of hosts; each sees its own.
type Registry struct {
	server *http.Server

	mu    sync.Mutex
	hosts map[string]http.Handler
	asked map[string]int
}

// New makes an empty registry that stands in for the hosts.
func New(hosts ...string) *Registry {
	r := &Registry{hosts: map[string]http.Handler{}, asked: map[string]int{}}
	for _, host := range hosts {
		r.hosts[host] = registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	}
	return r
}

// Serve answers on the listener until Close.
func (r *Registry) Serve(l net.Listener, config *tls.Config) error {
	r.server = &http.Server{Handler: r, TLSConfig: config, ErrorLog: log.New(io.Discard, "", 0)}
	if err := r.server.ServeTLS(l, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("registry: %w", err)
	}
	return nil
}

// Close ends Serve.
func (r *Registry) Close() error {
	if r.server == nil {
		return nil
	}
	return r.server.Close()
}

// ServeHTTP answers for the host that the request names.
func (r *Registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	host := req.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	handler, ok := r.hosts[host]
	if !ok {
		http.Error(w, fmt.Sprintf("the rehearsal's registry does not stand in for %s", host), http.StatusMisdirectedRequest)
		return
	}
	// A registry that is written to by those who read from it proves nothing.
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		http.Error(w, "the rehearsal's registry is read-only", http.StatusMethodNotAllowed)
		return
	}
	r.mu.Lock()
	r.asked[host+req.URL.Path]++
	r.mu.Unlock()
	handler.ServeHTTP(w, req)
}

// AddChart stores a packaged chart under HOST/REPOSITORY/NAME:VERSION, as `helm push` would.
func (r *Registry) AddChart(host, repository string, archive []byte) error {
	handler, ok := r.hosts[host]
	if !ok {
		return fmt.Errorf("registry: it does not stand in for %s", host)
	}
	client, err := helmregistry.NewClient(
		helmregistry.ClientOptHTTPClient(&http.Client{Transport: direct{handler}}),
		helmregistry.ClientOptWriter(io.Discard), helmregistry.ClientOptPlainHTTP(),
	)
	if err != nil {
		return fmt.Errorf("registry: %w", err)
	}
	if _, err := client.Push(archive, host+"/"+repository, helmregistry.PushOptStrictMode(false)); err != nil {
		return fmt.Errorf("registry: %s/%s: %w", host, repository, err)
	}
	return nil
}

// direct hands requests to a handler without a network.
type direct struct{ handler http.Handler }

func (d direct) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body == nil {
		req.Body = io.NopCloser(bytes.NewReader(nil))
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, req)
	response := w.Result()
	response.Request = req
	return response, nil
}
