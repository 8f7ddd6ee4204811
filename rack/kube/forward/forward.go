// Package forward lets an address answer for a server that lives elsewhere: a cluster's virtual IP, and each node's load
// balancer for the API.
package forward

import (
	"context"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"
)

const (
	dialTimeout = 2 * time.Second
	// listenPause is the wait before an address that could not be had is tried again.
	listenPause = 500 * time.Millisecond
)

// Forwarder listens on an address while it has a target, and forwards each connection to one of its targets.
// An address without a target refuses connections, as one that no machine holds.
type Forwarder struct {
	address string
	log     *slog.Logger

	mu       sync.Mutex
	targets  []string
	next     int
	listener net.Listener
	retry    *time.Timer
	conns    map[net.Conn]string // client side → target
	closed   bool
}

// New makes a forwarder for the address, host:port, which has no target yet.
func New(address string, log *slog.Logger) *Forwarder {
	return &Forwarder{address: address, log: log, conns: map[net.Conn]string{}}
}

// SetTargets says where connections go from now on. Those to a server that is no longer a target are cut, as when its
// machine dies.
func (f *Forwarder) SetTargets(targets ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || slices.Equal(f.targets, targets) {
		return
	}
	f.targets = slices.Clone(targets)
	for client, target := range f.conns {
		if !slices.Contains(targets, target) {
			_ = client.Close()
		}
	}
	if len(targets) == 0 {
		f.stopListening()
		return
	}
	f.listen()
}

// Targets are the servers that connections go to.
func (f *Forwarder) Targets() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.targets)
}

// Close ends the forwarder and every connection through it.
func (f *Forwarder) Close() {
	f.SetTargets()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
}

// listen needs the lock. An address that is not there yet, or not free yet, is tried again until it is.
func (f *Forwarder) listen() {
	if f.listener != nil || f.closed || len(f.targets) == 0 {
		return
	}
	listener, err := net.Listen("tcp", f.address)
	if err != nil {
		if f.retry == nil {
			f.log.Warn("address cannot be listened on, trying again", "address", f.address, "error", err)
		}
		f.retry = time.AfterFunc(listenPause, func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.listen()
		})
		return
	}
	f.listener, f.retry = listener, nil
	go f.accept(listener)
}

func (f *Forwarder) stopListening() {
	if f.retry != nil {
		f.retry.Stop()
		f.retry = nil
	}
	if f.listener != nil {
		_ = f.listener.Close()
		f.listener = nil
	}
}

func (f *Forwarder) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		go f.serve(client)
	}
}

func (f *Forwarder) serve(client net.Conn) {
	defer client.Close()
	server, target := f.dial()
	if server == nil {
		return
	}
	defer server.Close()
	if !f.track(client, target) {
		return
	}
	defer f.untrack(client)

	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{server, client}, {client, server}} {
		go func(to, from net.Conn) {
			_, _ = io.Copy(to, from)
			done <- struct{}{}
		}(pair[0], pair[1])
	}
	<-done
}

// dial connects to the next target in turn that takes the connection.
func (f *Forwarder) dial() (net.Conn, string) {
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	f.mu.Lock()
	targets := slices.Clone(f.targets)
	first := f.next
	f.next++
	f.mu.Unlock()
	for i := range targets {
		target := targets[(first+i)%len(targets)]
		var dialer net.Dialer
		if server, err := dialer.DialContext(ctx, "tcp", target); err == nil {
			return server, target
		}
	}
	return nil, ""
}

// track remembers a connection, unless its target is gone since it was dialled.
func (f *Forwarder) track(client net.Conn, target string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Contains(f.targets, target) {
		return false
	}
	f.conns[client] = target
	return true
}

func (f *Forwarder) untrack(client net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.conns, client)
}
