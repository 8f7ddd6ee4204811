// Package etcd runs a control plane's etcd member the way Talos does: the first member is bootstrapped, each other joins
// as a learner and is promoted once it has caught up, and a member with data takes its place again.
package etcd

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/config"

	"github.com/home-ops/home-ops/rack/kube/flags"
	"github.com/home-ops/home-ops/rack/kube/pki"
	"github.com/home-ops/home-ops/rack/node"
)

const (
	clientPort = "2379"
	peerPort   = "2380"
)

// Member is the etcd member of one control plane.
type Member struct {
	// Name is the node's hostname.
	Name string
	// Address is where it listens and what it advertises. Real members listen on every address of their machine; here
	// several machines share one network namespace.
	Address netip.Addr
	// Addresses are all of the node's, for its certificates.
	Addresses []netip.Addr
	// Dir is where the node's EPHEMERAL partition is.
	Dir string
	// Config is the node's machine config.
	Config config.Provider
	// Talos is the release that the machine runs, which brings its etcd.
	Talos string
}

// ClientURL is where the API server finds the member.
func (m Member) ClientURL() string {
	return "https://" + net.JoinHostPort(m.Address.String(), clientPort)
}

// PeerURL is where the other members find it.
func (m Member) PeerURL() string { return "https://" + net.JoinHostPort(m.Address.String(), peerPort) }

// DataDir is /var/lib/etcd.
func (m Member) DataDir() string { return DataDir(m.Dir) }

// DataDir is /var/lib/etcd of a node with this EPHEMERAL partition.
func DataDir(dir string) string { return filepath.Join(dir, "lib", "etcd") }

// HasData reports whether the member was ever started.
func HasData(dir string) bool {
	entries, err := os.ReadDir(DataDir(dir))
	return err == nil && len(entries) > 0
}

// Start says how a member without data comes to have some. A member with data ignores it.
type Start struct {
	// Cluster is the initial cluster, NAME=PEER-URL separated by commas.
	Cluster string
	// Join says that the cluster exists already.
	Join bool
}

// Bootstrap is the start of the first member.
func (m Member) Bootstrap() Start { return Start{Cluster: m.Name + "=" + m.PeerURL()} }

// RestoreArgs are those of the program that makes the first member's data out of a snapshot, as Talos does
// (recoverFromSnapshot in https://github.com/siderolabs/talos/blob/v1.14.1/internal/app/machined/pkg/system/services/etcd.go).
func (m Member) RestoreArgs(from node.Recovery) []string {
	return []string{
		"etcdutl", "snapshot", "restore", from.Snapshot, "--name=" + m.Name, "--data-dir=" + m.DataDir(),
		"--initial-cluster=" + m.Bootstrap().Cluster, "--initial-advertise-peer-urls=" + m.PeerURL(),
		fmt.Sprintf("--skip-hash-check=%t", from.SkipHashCheck),
	}
}

func (m Member) pkiDir() string { return filepath.Join(m.Dir, "etc", "etcd", "pki") }

// Args are etcd's flags: those that Talos renders
// (https://github.com/siderolabs/talos/blob/v1.11.1/internal/app/machined/pkg/system/services/etcd.go), the config's
// own, and a few that a rehearsal needs.
func (m Member) Args(start Start) ([]string, error) {
	pkiDir := m.pkiDir()
	set := flags.Set{
		"name":                  m.Name,
		"auto-tls":              "false",
		"peer-auto-tls":         "false",
		"data-dir":              m.DataDir(),
		"listen-peer-urls":      m.PeerURL(),
		"listen-client-urls":    m.ClientURL(),
		"advertise-client-urls": m.ClientURL(),
		"client-cert-auth":      "true",
		"cert-file":             filepath.Join(pkiDir, "server.crt"),
		"key-file":              filepath.Join(pkiDir, "server.key"),
		"trusted-ca-file":       filepath.Join(pkiDir, "ca.crt"),
		"peer-client-cert-auth": "true",
		"peer-cert-file":        filepath.Join(pkiDir, "peer.crt"),
		"peer-key-file":         filepath.Join(pkiDir, "peer.key"),
		"peer-trusted-ca-file":  filepath.Join(pkiDir, "ca.crt"),
		// The last of these makes a member speak from its own address: on loopback the kernel would take the other's, and
		// members check each other's address against their certificates.
		"feature-gates":                  "InitialCorruptCheck=true,CompactHashCheck=true,SetMemberLocalAddr=true",
		"initial-advertise-peer-urls":    m.PeerURL(),
		"watch-progress-notify-interval": "5s",
	}
	denied := set.Keys()
	if !HasData(m.Dir) {
		state := "new"
		if start.Join {
			state = "existing"
		}
		set["initial-cluster"], set["initial-cluster-state"] = start.Cluster, state
	}
	if err := set.Merge(m.Config.Cluster().Etcd().ExtraArgs(), flags.Deny(denied...)); err != nil {
		return nil, fmt.Errorf("cluster.etcd.extraArgs: %w", err)
	}
	if err := m.bindMetrics(set); err != nil {
		return nil, err
	}
	// The disk of a rehearsal may be slow and its data is not precious; a busy machine must not cost an election.
	set["unsafe-no-fsync"] = "true"
	set.Default("heartbeat-interval", "200")
	set.Default("election-timeout", "2000")
	return set.Args(), nil
}

// bindMetrics moves a metrics listener for all addresses, a common setting, to the member's own.
func (m Member) bindMetrics(set flags.Set) error {
	value, ok := set["listen-metrics-urls"]
	if !ok {
		return nil
	}
	var moved []string
	for _, listen := range strings.Split(value, ",") {
		u, err := url.Parse(listen)
		if err != nil {
			return fmt.Errorf("cluster.etcd.extraArgs.listen-metrics-urls: %w", err)
		}
		u.Host = net.JoinHostPort(m.Address.String(), u.Port())
		moved = append(moved, u.String())
	}
	set["listen-metrics-urls"] = strings.Join(moved, ",")
	return nil
}

// WritePKI issues the member's certificates from the config's etcd authority.
func (m Member) WritePKI() error {
	ca := m.Config.Cluster().Etcd().CA()
	loopback := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()}
	server, errServer := pki.Issue(ca, pki.Leaf{
		CommonName: m.Name, DNSNames: []string{m.Name, "localhost"}, Addresses: append(loopback, m.Addresses...),
		Server: true, Client: true,
	})
	peer, errPeer := pki.Issue(ca, pki.Leaf{
		CommonName: m.Name, DNSNames: []string{m.Name}, Addresses: m.Addresses, Server: true, Client: true,
	})
	if err := errors.Join(errServer, errPeer); err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	files := map[string][]byte{
		"ca.crt": ca.Crt, "server.crt": server.Crt, "server.key": server.Key, "peer.crt": peer.Crt, "peer.key": peer.Key,
	}
	if err := os.MkdirAll(m.pkiDir(), 0o700); err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	if err := os.MkdirAll(m.DataDir(), 0o700); err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(m.pkiDir(), name), content, 0o600); err != nil {
			return fmt.Errorf("etcd: %w", err)
		}
	}
	return nil
}
