package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"github.com/home-ops/home-ops/rack/charts"
	"github.com/home-ops/home-ops/rack/factory"
	"github.com/home-ops/home-ops/rack/github"
	"github.com/home-ops/home-ops/rack/gitops"
	"github.com/home-ops/home-ops/rack/gitserver"
	"github.com/home-ops/home-ops/rack/onepassword"
	"github.com/home-ops/home-ops/rack/outside"
	"github.com/home-ops/home-ops/rack/registry"
	"github.com/home-ops/home-ops/rack/room"
	"github.com/home-ops/home-ops/rack/trust"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/stacks"
)

// outsideAddress is where every outside service of the room answers.
var outsideAddress = netip.MustParseAddrPort("127.0.0.1:443")

// world is what the room has in place of the internet, and what else is outside of the cluster.
type world struct {
	config  *room.Config
	stack   *spec.Stack
	secrets *secrets
	// charts are what the registries have.
	charts []charts.Chart

	authority *trust.Authority
	factory   *factory.Factory
	connect   *onepassword.Server
	github    *github.Server
	git       *gitserver.Server
	edge      *edge

	// services answer over https by their names.
	services map[string]http.Handler
	bundle   string
	servers  []*http.Server
	outside  *outside.World
	ended    chan error
}

// newWorld prepares every outside service that the stack's program asks for.
func newWorld(ctx context.Context, config *room.Config, stack *spec.Stack, secrets *secrets) (*world, error) {
	authority, err := trust.New()
	if err != nil {
		return nil, err
	}
	w := &world{
		config: config, stack: stack, secrets: secrets, authority: authority,
		factory: factory.New(), services: map[string]http.Handler{}, bundle: filepath.Join(config.Dir, "authority.pem"),
	}
	w.services[factory.Host] = w.factory
	for _, play := range []func(context.Context) error{
		w.playRegistries, w.playGit, w.playGitHub, w.playOnePassword, w.playEdge,
	} {
		if err := play(ctx); err != nil {
			return nil, fmt.Errorf("outside services: %w", err)
		}
	}
	return w, nil
}

// playRegistries fills the registries with the charts that the stack and the tree name, and what Flux's operator pulls.
func (w *world) playRegistries(context.Context) error {
	parts, err := stacks.Plan(w.stack)
	if err != nil {
		return err
	}
	all, err := charts.All(parts.Charts(), w.stack.Versions, os.DirFS(filepath.Join(w.config.Project, "kubernetes")), charts.Options{
		CRDs: w.config.CRDs, Genuine: w.config.Charts, Modules: w.config.ChartModules,
	})
	if err != nil {
		return err
	}
	w.charts = all
	const images = "ghcr.io"
	hosts := map[string]bool{images: true}
	for _, c := range all {
		if !c.Classic {
			hosts[c.Host] = true
		}
	}
	registries := registry.New(slices.Sorted(maps.Keys(hosts))...)
	for _, c := range all {
		if c.Classic {
			continue
		}
		if err := registries.AddChart(c.Host, c.Repository(), c.Archive); err != nil {
			return err
		}
	}
	manifests, err := gitops.Manifests(w.config.Flux.Distribution)
	if err != nil {
		return err
	}
	if err := registries.AddImage(images, "controlplaneio-fluxcd/flux-operator-manifests:v"+w.stack.Versions.FluxOperator.Bare(), manifests); err != nil {
		return err
	}
	for host := range hosts {
		w.services[host] = registries
	}
	repositories, err := charts.Repositories(all)
	maps.Copy(w.services, repositories)
	return err
}

// playOnePassword is a vault with every field that the stack file and the tree refer to.
func (w *world) playOnePassword(context.Context) error {
	o := w.stack.Secrets.OnePassword
	if o == nil {
		return nil
	}
	w.connect = onepassword.New(w.secrets.of(o.TokenRef))
	w.connect.Stock(w.stack, w.secrets.of)
	return w.connect.StockTree(os.DirFS(filepath.Join(w.config.Project, "kubernetes")), o.Vault, func(string, string) string { return ownSecret() })
}

// buckets is the folder with what was copied outside of the cluster.
func (w *world) buckets() string { return filepath.Join(w.config.Dir, "buckets") }

// hosts are the names that the world answers under.
func (w *world) hosts() []string { return slices.Sorted(maps.Keys(w.services)) }

// open answers from now on. The room must know the names already.
func (w *world) open() error {
	if err := w.authority.WriteBundle(w.bundle); err != nil {
		return err
	}
	l, err := net.Listen("tcp", outsideAddress.String())
	if err != nil {
		return fmt.Errorf("outside services: %w", err)
	}
	w.outside, w.ended = outside.New(w.authority, w.services), make(chan error, 1)
	go func() { w.ended <- w.outside.Serve(l) }()
	if err := w.openGateways(); err != nil {
		return err
	}
	if w.connect == nil {
		return nil
	}
	address, err := w.connectAddress()
	if err != nil {
		return err
	}
	return w.serve(address, w.connect)
}

// serve answers over plain http at an address of its own.
func (w *world) serve(address string, handler http.Handler) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("outside services: %w", err)
	}
	server := &http.Server{Handler: handler} //nolint:gosec // nobody slow is in the room
	w.servers = append(w.servers, server)
	go func() { _ = server.Serve(l) }()
	return nil
}

// environment makes a program trust the room's authority and no other, and keeps what it downloads, and whom it logs
// in to, apart from the operator's: what this world serves under a real name is not the real thing.
func (w *world) environment() []string {
	own := func(name string) string { return filepath.Join(w.config.Dir, name) }
	return []string{
		"SSL_CERT_FILE=" + w.bundle, "SSL_CERT_DIR=/nonexistent", "GIT_SSL_CAINFO=" + w.bundle,
		"XDG_CACHE_HOME=" + own("cache"), "XDG_CONFIG_HOME=" + own("config"), "XDG_DATA_HOME=" + own("data"),
	}
}

func (w *world) close() error {
	var errs []error
	for _, server := range w.servers {
		errs = append(errs, server.Close())
	}
	if w.outside != nil {
		errs = append(errs, w.outside.Close())
		<-w.ended
	}
	return errors.Join(errs...)
}
