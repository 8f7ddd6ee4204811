package rehearsal

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"

	"github.com/home-ops/home-ops/rack/charts"
	"github.com/home-ops/home-ops/rack/factory"
	"github.com/home-ops/home-ops/rack/outside"
	"github.com/home-ops/home-ops/rack/registry"
	"github.com/home-ops/home-ops/rack/releases"
	"github.com/home-ops/home-ops/rack/room"
	"github.com/home-ops/home-ops/rack/trust"
	"github.com/home-ops/home-ops/spec"
)

// outsideAddress is where every outside service of the room answers.
var outsideAddress = netip.MustParseAddrPort("127.0.0.1:443")

// world is what the room has in place of the internet.
type world struct {
	factory  *factory.Factory
	services map[string]http.Handler
	bundle   string
	cache    string

	outside *outside.World
	ended   chan error
}

// newWorld prepares every outside service that the stack's program asks for.
func newWorld(config *room.Config, stack *spec.Stack) (*world, error) {
	w := &world{
		factory: factory.New(), services: map[string]http.Handler{},
		bundle: filepath.Join(config.Dir, "authority.pem"), cache: filepath.Join(config.Dir, "cache"),
	}
	w.services[factory.Host] = w.factory
	for _, prepare := range []func(*room.Config, *spec.Stack) error{w.playRegistries, w.playGitHub} {
		if err := prepare(config, stack); err != nil {
			return nil, fmt.Errorf("outside services: %w", err)
		}
	}
	return w, nil
}

// playRegistries fills the registries with the charts that the stack's versions name.
func (w *world) playRegistries(config *room.Config, stack *spec.Stack) error {
	all, err := charts.All(stack.Versions, config.CRDs)
	if err != nil {
		return err
	}
	hosts := map[string]bool{}
	for _, c := range all {
		hosts[c.Host] = true
	}
	registries := registry.New(slices.Sorted(maps.Keys(hosts))...)
	for _, c := range all {
		if err := registries.AddChart(c.Host, c.Repository, c.Archive); err != nil {
			return err
		}
	}
	for host := range hosts {
		w.services[host] = registries
	}
	return nil
}

func (w *world) playGitHub(config *room.Config, stack *spec.Stack) error {
	downloads, err := releases.GatewayAPI(config.CRDs, stack.Versions.GatewayAPI)
	if err != nil {
		return err
	}
	w.services["github.com"] = downloads
	return nil
}

// hosts are the names that the world answers under.
func (w *world) hosts() []string { return slices.Sorted(maps.Keys(w.services)) }

// open answers from now on. The room must know the names already.
func (w *world) open() error {
	authority, err := trust.New()
	if err != nil {
		return err
	}
	if err := authority.WriteBundle(w.bundle); err != nil {
		return err
	}
	l, err := net.Listen("tcp", outsideAddress.String())
	if err != nil {
		return fmt.Errorf("outside services: %w", err)
	}
	w.outside, w.ended = outside.New(authority, w.services), make(chan error, 1)
	go func() { w.ended <- w.outside.Serve(l) }()
	return nil
}

// environment makes a program trust the room's authority and no other, and keeps what it downloads out of the
// operator's cache: what this world serves under a real name is not the real thing.
func (w *world) environment() []string {
	return []string{"SSL_CERT_FILE=" + w.bundle, "SSL_CERT_DIR=/nonexistent", "XDG_CACHE_HOME=" + w.cache}
}

func (w *world) close() {
	if w.outside != nil {
		_ = w.outside.Close()
		<-w.ended
	}
}
