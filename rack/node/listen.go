package node

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"google.golang.org/grpc"
)

// listeningServer is a gRPC server on one port of several addresses, which may change while it runs.
type listeningServer struct {
	grpc *grpc.Server
	port uint16

	mu        sync.Mutex
	listeners map[netip.Addr]*addressListener
	serving   sync.WaitGroup
}

func newListeningServer(port uint16, options ...grpc.ServerOption) *listeningServer {
	return &listeningServer{grpc: grpc.NewServer(options...), port: port, listeners: map[netip.Addr]*addressListener{}}
}

// listen serves on these addresses and on no other. It does what it can, and tells which could not be opened.
func (l *listeningServer) listen(addrs []netip.Addr) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	wanted := map[netip.Addr]bool{}
	var errs []error
	for _, addr := range addrs {
		wanted[addr] = true
		if l.listeners[addr] != nil {
			continue
		}
		socket, err := net.Listen("tcp", netip.AddrPortFrom(addr, l.port).String())
		if err != nil {
			errs = append(errs, fmt.Errorf("address %s: %w", addr, err))
			continue
		}
		listener := &addressListener{Listener: socket}
		l.listeners[addr] = listener
		l.serving.Go(func() {
			// The only error is that of a closed listener.
			_ = l.grpc.Serve(listener)
		})
	}
	for addr, listener := range l.listeners {
		if !wanted[addr] {
			listener.cut()
			delete(l.listeners, addr)
		}
	}
	return errors.Join(errs...)
}

// graceTime is how long calls under way may take to end when the server stops; followers of a watch never do.
const graceTime = 300 * time.Millisecond

func (l *listeningServer) stop(graceful bool) {
	if graceful {
		timer := time.AfterFunc(graceTime, l.grpc.Stop)
		l.grpc.GracefulStop()
		timer.Stop()
	} else {
		l.grpc.Stop()
	}
	l.serving.Wait()
}

// addressListener is a listener that knows its connections: an address that a machine loses takes them with it.
type addressListener struct {
	net.Listener

	mu    sync.Mutex
	conns []net.Conn
}

func (l *addressListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		l.mu.Lock()
		l.conns = append(l.conns, conn)
		l.mu.Unlock()
	}
	return conn, err
}

// cut ends the listener and every connection that came through it.
func (l *addressListener) cut() {
	_ = l.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.conns {
		_ = conn.Close() // most have ended before
	}
}
