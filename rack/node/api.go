package node

import (
	"context"
	"crypto/tls"
	"errors"
	"sync"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/constants"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// api is the machine's gRPC API, in whichever phase the machine is.
type api struct {
	session *session

	mu     sync.Mutex
	server *listeningServer
	trustd *listeningServer
	certs  *certificates
	peers  *peers
	// retired are connections with former certificates.
	retired []*peers
	// renew asks for certificates and listeners that fit the active config.
	renew chan struct{}
}

func newAPI(s *session) *api { return &api{session: s, renew: make(chan struct{}, 1)} }

// startMaintenance serves the API of a machine without a config: a certificate signed by itself, none asked of the
// client, and the few methods that a stranger may call.
func (a *api) startMaintenance() error {
	cert, err := selfSigned(a.session.addrs())
	if err != nil {
		return err
	}
	server := newListeningServer(constants.ApidPort, a.maintenanceOptions(&tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{cert},
	})...)
	registerMaintenance(server.grpc, a.session)
	if err := server.listen(a.session.addrs()); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.server = server
	return nil
}

// startConfigured serves the API of a configured machine as soon as it has certificates, until the context ends.
// A control plane signs its own; a worker has no CA key, and waits until a control plane signs for it.
func (a *api) startConfigured(ctx context.Context) {
	a.update(ctx)
	go func() {
		for {
			select {
			case <-a.renew:
				a.update(ctx)
			case <-ctx.Done():
				return
			}
		}
	}()
}

// reconfigure makes the API fit the active config.
func (a *api) reconfigure() {
	select {
	case a.renew <- struct{}{}:
	default:
	}
}

func (a *api) update(ctx context.Context) {
	certs, err := a.session.issueCertificates(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return
		}
		a.session.log.Warn("no certificate for the API yet", "error", err)
		time.AfterFunc(certificateRetry, a.reconfigure)
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	a.certs = certs
	if a.peers != nil {
		// Calls that are being passed on go on: perhaps even the one that brought the new config.
		a.retired = append(a.retired, a.peers)
	}
	a.peers = newPeers(certs)
	if a.server == nil {
		a.server = newListeningServer(constants.ApidPort, a.configuredOptions()...)
		registerConfigured(a.server.grpc, a.session)
	}
	if a.trustd == nil && a.session.isControlPlane() {
		a.trustd = newTrustd(a.session, a.tlsConfig())
	}
	for _, server := range []*listeningServer{a.server, a.trustd} {
		if server == nil {
			continue
		}
		if err := server.listen(a.session.addrs()); err != nil {
			a.session.log.Error("an address of this machine cannot be reached", "error", err)
			a.session.node.fail(err)
		}
	}
}

// certificateRetry is the pause before a worker asks again to have its certificate signed.
const certificateRetry = 200 * time.Millisecond

// tlsConfig looks the certificates up at each handshake, since a new config may bring others.
func (a *api) tlsConfig() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			a.mu.Lock()
			defer a.mu.Unlock()
			if a.certs == nil {
				return nil, errors.New("no certificates")
			}
			return a.certs.serverConfig(), nil
		},
	}
}

func (a *api) maintenanceOptions(config *tls.Config) []grpc.ServerOption {
	return append(commonOptions(config),
		grpc.UnknownServiceHandler(notInMaintenance),
		grpc.ChainUnaryInterceptor(unaryRoles(a.session, maintenanceRoles)),
		grpc.ChainStreamInterceptor(streamRoles(a.session, maintenanceRoles)),
	)
}

func (a *api) configuredOptions() []grpc.ServerOption {
	return append(commonOptions(a.tlsConfig()),
		grpc.UnknownServiceHandler(notSimulated),
		// A call for another machine is passed on before its caller's roles are looked at: that is the other's.
		grpc.ChainUnaryInterceptor(unaryRoles(a.session, certificateRoles), a.forwardUnary, unaryAuthorize),
		grpc.ChainStreamInterceptor(streamRoles(a.session, certificateRoles), a.forwardStream, streamAuthorize),
	)
}

func commonOptions(config *tls.Config) []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.Creds(credentials.NewTLS(config)),
		grpc.MaxRecvMsgSize(constants.GRPCMaxMessageSize),
	}
}

// serving tells whether the API answers.
func (a *api) serving() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.server != nil
}

// stop ends the API. Gracefully means that calls under way get their answer.
func (a *api) stop(graceful bool) {
	a.mu.Lock()
	servers, connections := []*listeningServer{a.server, a.trustd}, a.retired
	if a.peers != nil {
		connections = append(connections, a.peers)
	}
	a.server, a.trustd = nil, nil
	a.mu.Unlock()
	for _, server := range servers {
		if server != nil {
			server.stop(graceful)
		}
	}
	// Only now: a call for this machine may have come to it through itself.
	for _, peers := range connections {
		peers.close()
	}
}
