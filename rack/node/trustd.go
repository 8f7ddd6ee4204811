package node

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	stdx509 "crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/siderolabs/crypto/x509"
	securityapi "github.com/siderolabs/talos/pkg/machinery/api/security"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// trustd is the service of a control plane that signs the server certificates of workers, which know the machine
// CA's certificate but not its key. Who knows the machine token is a worker.
type trustd struct {
	securityapi.UnimplementedSecurityServiceServer
	session *session
}

func newTrustd(s *session, config *tls.Config) *listeningServer {
	config = config.Clone()
	perClient := config.GetConfigForClient
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		c, err := perClient(hello)
		if err == nil {
			c.ClientAuth = tls.NoClientCert
		}
		return c, err
	}
	server := newListeningServer(constants.TrustdPort, grpc.Creds(credentials.NewTLS(config)))
	securityapi.RegisterSecurityServiceServer(server.grpc, &trustd{session: s})
	return server
}

// Certificate signs a request for a server certificate.
func (t *trustd) Certificate(ctx context.Context, req *securityapi.CertificateRequest) (*securityapi.CertificateResponse, error) {
	security := t.session.config().Machine().Security()
	md, _ := metadata.FromIncomingContext(ctx)
	token := append(md.Get("token"), "")[0]
	if subtle.ConstantTimeCompare([]byte(token), []byte(security.Token())) != 1 {
		return nil, status.Error(codes.Unauthenticated, "the machine token is not that of this cluster")
	}
	block, _ := pem.Decode(req.GetCsr())
	if block == nil {
		return nil, status.Error(codes.InvalidArgument, "failed to decode CSR")
	}
	ca := security.IssuingCA()
	signed, err := x509.NewCertificateFromCSRBytes(ca.Crt, ca.Key, req.GetCsr(), serverUsage, signing,
		// A worker never gets what a client could log in with.
		x509.OverrideSubject(func(subject *pkix.Name) { subject.Organization = nil }))
	if err != nil {
		return nil, status.Errorf(codes.Internal, "failed to sign CSR: %s", err)
	}
	// The worker's API then accepts whom this control plane does, whatever the worker's own config says.
	return &securityapi.CertificateResponse{Ca: acceptedPEM(t.session.config()), Crt: signed.X509CertificatePEM}, nil
}

// requestCertificate has a worker's server certificate signed by the first control plane that answers, which also says by
// whom the certificates of the worker's callers may be signed.
func (s *session) requestCertificate(ctx context.Context, cfg config.Provider, accepted *stdx509.CertPool, subject []x509.Option) (*certificates, error) {
	ca, err := cfg.Machine().Security().IssuingCA().GetCert()
	if err != nil {
		return nil, fmt.Errorf("machine.ca: %w", err)
	}
	csr, identity, err := x509.NewCSRAndIdentityFromCA(ca, subject...)
	if err != nil {
		return nil, fmt.Errorf("certificate request: %w", err)
	}
	var errs []error
	for _, endpoint := range s.trustdEndpoints(cfg) {
		signed, err := signRemotely(ctx, endpoint, cfg.Machine().Security().Token(), accepted, csr.X509CertificateRequestPEM)
		if err == nil {
			return certificatesOf(signed, identity.Key)
		}
		errs = append(errs, fmt.Errorf("trustd at %s: %w", endpoint, err))
	}
	return nil, errors.Join(errs...)
}

func certificatesOf(signed *securityapi.CertificateResponse, key []byte) (*certificates, error) {
	server, err := tls.X509KeyPair(signed.GetCrt(), key)
	if err != nil {
		return nil, err
	}
	callers := stdx509.NewCertPool()
	if !callers.AppendCertsFromPEM(signed.GetCa()) {
		return nil, errors.New("trustd tells of no authority")
	}
	return &certificates{server: server, accepted: callers}, nil
}

// trustdEndpoints are the control planes that discovery knows, then the cluster's endpoint.
func (s *session) trustdEndpoints(cfg config.Provider) []string {
	var endpoints []string
	for _, member := range s.members() {
		if member.controlPlane {
			for _, addr := range member.addresses {
				endpoints = append(endpoints, netip.AddrPortFrom(addr, constants.TrustdPort).String())
			}
		}
	}
	if cluster := cfg.K8sClusterConfig(); cluster != nil {
		endpoint := cluster.ClusterEndpoint()
		endpoints = append(endpoints, joinHostPort(endpoint.Hostname(), constants.TrustdPort))
	}
	slices.Sort(endpoints)
	return slices.Compact(endpoints)
}

// trustdTimeout bounds one attempt; a control plane that is down refuses at once, one that hangs does not.
const trustdTimeout = 3 * time.Second

func signRemotely(ctx context.Context, endpoint, token string, accepted *stdx509.CertPool, csr []byte) (*securityapi.CertificateResponse, error) {
	ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(ctx, "token", token), trustdTimeout)
	defer cancel()
	conn, err := grpc.NewClient("passthrough:///"+endpoint,
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12, RootCAs: accepted})), grpc.WithNoProxy())
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	return securityapi.NewSecurityServiceClient(conn).Certificate(ctx, &securityapi.CertificateRequest{Csr: csr})
}
