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
	listeners map[netip.Addr]net.Listener
	serving   sync.WaitGroup
}

func newListeningServer(port uint16, options ...grpc.ServerOption) *listeningServer {
	return &listeningServer{grpc: grpc.NewServer(options...), port: port, listeners: map[netip.Addr]net.Listener{}}
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
		listener, err := net.Listen("tcp", netip.AddrPortFrom(addr, l.port).String())
		if err != nil {
			errs = append(errs, fmt.Errorf("address %s: %w", addr, err))
			continue
		}
		l.listeners[addr] = listener
		l.serving.Go(func() {
			// The only error is that of a closed listener.
			_ = l.grpc.Serve(listener)
		})
	}
	for addr, listener := range l.listeners {
		if !wanted[addr] {
			_ = listener.Close()
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
