// Package outside is what a sealed room has in place of the internet: one server that answers https under the real
// names of outside services, each played by a handler that speaks that service's own protocol.
package outside

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"

	"github.com/home-ops/home-ops/rack/trust"
)

// World plays outside services.
type World struct {
	authority *trust.Authority
	services  map[string]http.Handler
	server    *http.Server
}

// New makes a world in which the services, by host name, are all there is. Who trusts the authority believes in it.
func New(authority *trust.Authority, services map[string]http.Handler) *World {
	w := &World{authority: authority, services: maps.Clone(services)}
	w.server = &http.Server{Handler: w, ErrorLog: log.New(io.Discard, "", 0)}
	return w
}

// Hosts are the names that the world answers under.
func (w *World) Hosts() []string { return slices.Sorted(maps.Keys(w.services)) }

// Serve answers on the listener until Close.
func (w *World) Serve(l net.Listener) error {
	err := w.server.Serve(tls.NewListener(l, w.authority.ServerConfig()))
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("outside services: %w", err)
}

// Close ends Serve.
func (w *World) Close() error { return w.server.Close() }

// ServeHTTP hands the request to the service that it names. A name that nobody plays is an error that says so.
func (w *World) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
	host := req.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	service, ok := w.services[host]
	if !ok {
		http.Error(rw, fmt.Sprintf("nobody plays %s in this rehearsal; the services are %v", host, w.Hosts()), http.StatusMisdirectedRequest)
		return
	}
	service.ServeHTTP(rw, req)
}
