package node

import (
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/constants"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
)

// peers are a control plane's connections to other machines.
type peers struct {
	certs *certificates

	mu    sync.Mutex
	conns map[string]*grpc.ClientConn
}

func newPeers(certs *certificates) *peers {
	return &peers{certs: certs, conns: map[string]*grpc.ClientConn{}}
}

func (a *api) peer(target string) (*grpc.ClientConn, error) {
	a.mu.Lock()
	peers := a.peers
	a.mu.Unlock()
	if peers == nil {
		return nil, status.Error(codes.Unavailable, "the machine is going down")
	}
	return peers.get(target)
}

// get returns the connection to a machine, named by its address or hostname and without a port.
func (p *peers) get(target string) (*grpc.ClientConn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if conn := p.conns[target]; conn != nil {
		return conn, nil
	}
	conn, err := grpc.NewClient("passthrough:///"+joinHostPort(target, constants.ApidPort),
		grpc.WithTransportCredentials(credentials.NewTLS(p.certs.clientConfig())),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(constants.GRPCMaxMessageSize)),
		grpc.WithConnectParams(grpc.ConnectParams{
			// A machine that reboots here is back in a second.
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, MaxDelay: time.Second},
			MinConnectTimeout: 20 * time.Second, // gRPC's default, which it does not export
		}),
		grpc.WithNoProxy(),
	)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	p.conns[target] = conn
	return conn, nil
}

func (p *peers) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.conns {
		_ = conn.Close()
	}
	clear(p.conns)
}

func joinHostPort(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
