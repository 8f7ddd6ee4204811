package talos

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"path"
	"strconv"
	"strings"
	"time"

	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/home-ops/home-ops/spec"
)

// Credentials are a Talos administrator's, in PEM.
type Credentials struct{ CA, Certificate, Key []byte }

// EtcdProbe reports whether any of the control planes holds etcd data. It may
// wait for machines that are still installing or booting.
type EtcdProbe func(ctx context.Context, controlPlanes []spec.Node, credentials Credentials) (bool, error)

// How long a machine may take from its first config to a running Talos: it pulls
// an installer image, writes its disk and boots twice.
const (
	installTimeout = 15 * time.Minute
	probeInterval  = 2 * time.Second
	attemptTimeout = 10 * time.Second
)

// ProbeEtcd asks every control plane over the Talos API, each at its own address.
// One that holds etcd data settles it. That there is none is believed only when
// all of them say so: a machine that is still booting may be the one that knows.
func ProbeEtcd(ctx context.Context, controlPlanes []spec.Node, creds Credentials) (bool, error) {
	transport, err := creds.transport()
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, installTimeout)
	defer cancel()

	type answer struct {
		holdsData bool
		err       error
	}
	answers := make(chan answer, len(controlPlanes))
	for _, node := range controlPlanes {
		go func() {
			holdsData, err := askUntilAnswered(ctx, node, transport)
			answers <- answer{holdsData, err}
		}()
	}
	var errs []error
	for range controlPlanes {
		a := <-answers
		if a.holdsData {
			return true, nil
		}
		errs = append(errs, a.err)
	}
	if err := errors.Join(errs...); err != nil {
		return false, fmt.Errorf("etcd was not bootstrapped, because it is not known of every control plane "+
			"whether it holds etcd data; look at its console, then run the update again:\n%w", err)
	}
	return false, nil
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

func askUntilAnswered(
	ctx context.Context, node spec.Node, transport credentials.TransportCredentials,
) (holdsData bool, err error) {
	address := net.JoinHostPort(node.Address.String(), strconv.Itoa(constants.ApidPort))
	// The connection is kept over the attempts: gRPC redials it by itself, by
	// default less and less often.
	redial := grpc.ConnectParams{Backoff: backoff.DefaultConfig, MinConnectTimeout: attemptTimeout / 2}
	redial.Backoff.MaxDelay = probeInterval
	connection, err := grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(transport), grpc.WithConnectParams(redial), grpc.WithNoProxy())
	if err != nil {
		return false, err
	}
	defer connection.Close()
	client := machineapi.NewMachineServiceClient(connection)

	tick := time.NewTicker(probeInterval)
	defer tick.Stop()
	for {
		attempt, cancel := context.WithTimeout(ctx, attemptTimeout)
		holdsData, attemptErr := holdsEtcdData(attempt, client)
		cancel()
		if attemptErr == nil {
			return holdsData, nil
		}
		if err == nil || ctx.Err() == nil { // being out of time says less than the attempt before
			err = attemptErr
		}
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("%s (%s) did not come up: %w", node.Name, address, err)
		case <-tick.C:
		}
	}
}

// holdsEtcdData asks what Talos's own Bootstrap does before it refuses: whether
// there is anything in etcd's directory. An empty one is believed only when the
// etcd service exists, because before that the data may not be mounted.
func holdsEtcdData(ctx context.Context, client machineapi.MachineServiceClient) (bool, error) {
	entries, err := list(ctx, client, constants.EtcdDataPath)
	if err != nil {
		return false, missing(ctx, client, constants.EtcdDataPath, err)
	}
	if len(entries) > 0 {
		return true, nil
	}
	return false, etcdServiceExists(ctx, client)
}

// missing turns err, from listing dir, into no error when dir does not exist on a
// machine that is up.
func missing(ctx context.Context, client machineapi.MachineServiceClient, dir string, err error) error {
	siblings, parentErr := list(ctx, client, path.Dir(dir))
	if parentErr != nil {
		return err
	}
	for _, sibling := range siblings {
		if sibling == path.Base(dir) {
			return err
		}
	}
	return etcdServiceExists(ctx, client)
}

func etcdServiceExists(ctx context.Context, client machineapi.MachineServiceClient) error {
	reply, err := client.ServiceList(ctx, &emptypb.Empty{})
	if err != nil {
		return err
	}
	for _, message := range reply.GetMessages() {
		for _, service := range message.GetServices() {
			if service.GetId() == "etcd" {
				return nil
			}
		}
	}
	return errors.New("Talos is up but has not come to etcd yet")
}

// list is the names in a directory of the machine.
func list(ctx context.Context, client machineapi.MachineServiceClient, dir string) ([]string, error) {
	stream, err := client.List(ctx, &machineapi.ListRequest{Root: dir})
	if err != nil {
		return nil, err
	}
	var names []string
	for {
		entry, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return names, nil
		}
		if err != nil {
			return nil, err
		}
		// The first entry is the directory itself.
		name := strings.Trim(entry.GetRelativeName(), "/")
		if self := name == "" || name == "."; self && entry.GetError() != "" {
			return nil, errors.New(entry.GetError())
		} else if !self {
			names = append(names, name)
		}
	}
}
