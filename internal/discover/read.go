package discover

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/cosi-project/runtime/api/v1alpha1"
	"github.com/cosi-project/runtime/pkg/state"
	"github.com/cosi-project/runtime/pkg/state/protobuf/client"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
)

// Timeout is how long one machine may take to answer.
const Timeout = 10 * time.Second

// ReadAll asks several machines at once. It returns them in the order of the addresses, or an error that names
// each that did not answer.
func ReadAll(ctx context.Context, addresses []netip.Addr) ([]Machine, error) {
	machines, errs := make([]Machine, len(addresses)), make([]error, len(addresses))
	var wg sync.WaitGroup
	for i, a := range addresses {
		wg.Go(func() {
			machines[i], errs[i] = Read(ctx, netip.AddrPortFrom(a, constants.ApidPort))
		})
	}
	wg.Wait()
	return machines, errors.Join(errs...)
}

// Read asks one machine in maintenance mode. Such a machine has no identity yet, so its certificate proves
// nothing and is not checked; nothing secret is sent.
func Read(ctx context.Context, at netip.AddrPort) (Machine, error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	conn, err := dial(at)
	if err != nil {
		return Machine{}, err
	}
	defer conn.Close()
	m, err := read(ctx, state.WrapCore(client.NewAdapter(v1alpha1.NewStateClient(conn))), at.Addr())
	if err != nil {
		return Machine{}, fmt.Errorf("%s: %w", at.Addr(), explain(errors.Join(err, refusal(ctx, at))))
	}
	return m, nil
}

// Disks lists the disks of a machine whose API answers on the connection.
func Disks(ctx context.Context, conn grpc.ClientConnInterface) ([]Disk, error) {
	return readDisks(ctx, state.WrapCore(client.NewAdapter(v1alpha1.NewStateClient(conn))))
}

// dial has a connection to a machine in maintenance mode. Talos's own client would do, but brings OpenPGP and a browser along for
// logins that no machine asks for here.
func dial(at netip.AddrPort) (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient("passthrough:///"+at.String(), grpc.WithTransportCredentials(credentials.NewTLS(anonymous())))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at.Addr(), err)
	}
	return conn, nil
}

// anonymous is the machine's own terms: no certificate is shown, and none is checked.
func anonymous() *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}} //nolint:gosec // see Read
}

// refusal is what a machine says to who has no certificate. It says so only after the handshake, when a request may be
// on its way already and ends as a broken pipe; so this one asks for nothing and listens.
func refusal(ctx context.Context, at netip.AddrPort) error {
	conn, err := (&tls.Dialer{Config: anonymous()}).DialContext(ctx, "tcp", at.String())
	if err != nil {
		return nil // the request has said so
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetReadDeadline(deadline)
	}
	_, err = conn.Read(make([]byte, 1))
	return err
}

// explain says what to do about the errors that a person meets.
func explain(err error) error {
	text := err.Error()
	switch {
	case strings.Contains(text, "certificate required") || strings.Contains(text, "bad certificate"):
		return errors.New("the machine wants a client certificate, so it is configured already: reset it into maintenance mode, or describe it by hand (--offline)")
	case errors.Is(err, context.DeadlineExceeded), status.Code(err) == codes.DeadlineExceeded, status.Code(err) == codes.Unavailable:
		return fmt.Errorf("no Talos answers on port %d: boot the machine from Talos's image and wait for maintenance mode, or describe it by hand (--offline): %w", constants.ApidPort, err)
	default:
		return err
	}
}
