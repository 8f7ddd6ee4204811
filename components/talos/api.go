package talos

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"

	"github.com/home-ops/home-ops/spec"
)

// Credentials are a Talos administrator's, in PEM.
type Credentials struct{ CA, Certificate, Key []byte }

// X509 is the client certificate, which says when the credentials end.
func (c Credentials) X509() (*x509.Certificate, error) {
	pair, err := tls.X509KeyPair(c.Certificate, c.Key)
	if err != nil {
		return nil, fmt.Errorf("talos client certificate: %w", err)
	}
	return x509.ParseCertificate(pair.Certificate[0])
}

func (c Credentials) transport() (credentials.TransportCredentials, error) {
	pair, err := tls.X509KeyPair(c.Certificate, c.Key)
	if err != nil {
		return nil, fmt.Errorf("talos client certificate: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(c.CA) {
		return nil, errors.New("talos client configuration: the CA is no certificate")
	}
	return credentials.NewTLS(&tls.Config{
		RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13,
	}), nil
}

// member is a control plane, reached over the Talos API at its own address.
type member struct {
	name, address string
	connection    *grpc.ClientConn
	api           machineapi.MachineServiceClient
}

// dial prepares a connection; it is made with the first call, and made again
// whenever the machine comes back. Talos's own client would add forty packages to
// the build, for profiles and load balancing that nothing here needs.
func dial(node spec.Node, creds Credentials) (*member, error) {
	transport, err := creds.transport()
	if err != nil {
		return nil, err
	}
	address := net.JoinHostPort(node.Address.String(), strconv.Itoa(constants.ApidPort))
	connection, err := grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(transport), grpc.WithConnectParams(redial()), grpc.WithNoProxy())
	if err != nil {
		return nil, err
	}
	return &member{
		name: node.Name, address: address,
		connection: connection, api: machineapi.NewMachineServiceClient(connection),
	}, nil
}

// redial tries again soon. By default gRPC does so less and less often, up to two minutes apart.
func redial() grpc.ConnectParams {
	params := grpc.ConnectParams{Backoff: backoff.DefaultConfig, MinConnectTimeout: 5 * time.Second}
	params.Backoff.MaxDelay = 2 * time.Second
	return params
}

func dialAll(nodes []spec.Node, creds Credentials) (members []*member, hangUp func(), err error) {
	hangUp = func() {
		for _, m := range members {
			m.connection.Close()
		}
	}
	for _, node := range nodes {
		m, err := dial(node, creds)
		if err != nil {
			hangUp()
			return nil, nil, fmt.Errorf("%s: %w", node.Name, err)
		}
		members = append(members, m)
	}
	return members, hangUp, nil
}
