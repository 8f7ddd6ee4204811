package talos

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/machinery/client"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	// defaultTimeout bounds every operation whose timeouts attribute says nothing.
	defaultTimeout = 10 * time.Minute

	// The waits between two tries, as Terraform's retry helper has them: they double between these bounds.
	shortestWait = 500 * time.Millisecond
	longestWait  = 10 * time.Second
)

// diagnostic is an error in the words of the genuine provider: Terraform's summary of what went wrong, and the
// detail.
type diagnostic struct {
	summary string
	detail  error
}

func (d diagnostic) Error() string { return d.summary + ": " + d.detail.Error() }
func (d diagnostic) Unwrap() error { return d.detail }

// machine is a node and the way to it.
type machine struct {
	node, endpoint string
	credentials    *clientconfig.Config
}

// machineIn reads the node, the endpoint and the client configuration out of a resource's attributes.
func machineIn(attributes resource.PropertyMap) (machine, error) {
	credentials, err := clientConfig("dynamic", attributes)
	if err != nil {
		return machine{}, err
	}
	m := machine{node: textAt(attributes, "node"), endpoint: textAt(attributes, "endpoint"), credentials: credentials}
	if m.endpoint == "" {
		m.endpoint = m.node
	}
	return m, nil
}

// clientConfig is the talosconfig of one context that the clientConfiguration attribute describes.
func clientConfig(context string, attributes resource.PropertyMap) (*clientconfig.Config, error) {
	parts := map[resource.PropertyKey][]byte{}
	for _, key := range []resource.PropertyKey{"caCertificate", "clientCertificate", "clientKey"} {
		decoded, err := base64.StdEncoding.DecodeString(textAt(attributes, "clientConfiguration", key))
		if err != nil {
			return nil, fmt.Errorf("clientConfiguration.%s: not base64: %w", key, err)
		}
		parts[key] = decoded
	}
	return clientconfig.NewConfig(context, nil, parts["caCertificate"], &x509.PEMEncodedCertificateAndKey{
		Crt: parts["clientCertificate"],
		Key: parts["clientKey"],
	}), nil
}

// do runs one operation on the machine. It first asks for the disks without credentials, which only a machine in
// maintenance answers; on any error it uses the credentials. The node rides along as metadata, which a machine in
// maintenance ignores: an endpoint other than the node configures the wrong machine.
func (m machine) do(ctx context.Context, operation func(context.Context, *client.Client) error) error {
	nodeCtx := client.WithNode(ctx, m.node)

	c, err := m.insecurely(ctx)
	if err != nil {
		return err
	}
	if _, err := c.Disks(nodeCtx); err != nil {
		_ = c.Close()
		if c, err = client.New(ctx, client.WithConfig(m.credentials), client.WithEndpoints(m.endpoint)); err != nil {
			return err
		}
	}
	defer func() { _ = c.Close() }()

	return operation(nodeCtx, c)
}

// insecurely is a client for a machine in maintenance, which has no certificate that could be verified.
func (m machine) insecurely(ctx context.Context) (*client.Client, error) {
	return client.New(ctx, client.WithTLSConfig(&tls.Config{InsecureSkipVerify: true}), client.WithEndpoints(m.endpoint))
}

// retry tries until the operation succeeds, the node refuses its argument, or the time is up; then the last error
// of the operation is the answer. Every other refusal is tried again, AlreadyExists included, as the genuine
// provider does.
func (m machine) retry(
	ctx context.Context, timeout time.Duration, operation func(context.Context, *client.Client) error,
) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	var last error
	for wait := shortestWait; ; wait = min(2*wait, longestWait) {
		err := m.do(ctx, operation)
		switch {
		case err == nil:
			return nil
		case status.Code(err) == codes.InvalidArgument:
			return err
		case last == nil || ctx.Err() == nil:
			last = err // the error that the deadline itself caused tells nothing
		}

		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return fmt.Errorf("cancelled: %w", last)
			}
			return last
		case <-time.After(wait):
		}
	}
}

// timeoutFor is the time that an operation has: the attribute's duration or the default.
func timeoutFor(attributes resource.PropertyMap, operation resource.PropertyKey) (time.Duration, error) {
	given := textAt(attributes, "timeouts", operation)
	if given == "" {
		return defaultTimeout, nil
	}
	timeout, err := time.ParseDuration(given)
	if err != nil {
		return 0, fmt.Errorf("timeouts.%s: %w", operation, err)
	}
	return timeout, nil
}
