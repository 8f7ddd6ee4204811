package rehearsal

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"

	"github.com/home-ops/home-ops/rack/factory"
	"github.com/home-ops/home-ops/rack/outside"
	"github.com/home-ops/home-ops/rack/trust"
)

// outsideAddress is where every outside service of the room answers.
var outsideAddress = netip.MustParseAddrPort("127.0.0.1:443")

// world is what the room has in place of the internet.
type world struct {
	factory *factory.Factory
	outside *outside.World
	bundle  string
	ended   chan error
}

func newWorld(dir string) (*world, error) {
	authority, err := trust.New()
	if err != nil {
		return nil, err
	}
	w := &world{factory: factory.New(), bundle: filepath.Join(dir, "authority.pem"), ended: make(chan error, 1)}
	if err := authority.WriteBundle(w.bundle); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", outsideAddress.String())
	if err != nil {
		return nil, fmt.Errorf("outside services: %w", err)
	}
	w.outside = outside.New(authority, map[string]http.Handler{factory.Host: w.factory})
	go func() { w.ended <- w.outside.Serve(l) }()
	return w, nil
}

// environment makes a program trust the room's authority and no other.
func (w *world) environment() []string {
	return []string{"SSL_CERT_FILE=" + w.bundle, "SSL_CERT_DIR=/nonexistent"}
}

func (w *world) stop() {
	_ = w.outside.Close()
	<-w.ended
}
