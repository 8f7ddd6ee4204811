//go:build linux

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"
)

// cutAndMend parts machines that have an address of each family.
func cutAndMend() error {
	var all []netip.Addr
	for _, address := range []string{"10.0.50.11", "fd00:50::11", "10.0.50.12", "fd00:50::12"} {
		all = append(all, netip.MustParseAddr(address))
	}
	if err := Furnish(Room{Addresses: all, Dir: os.Getenv("ROOM_DIR")}); err != nil {
		return err
	}
	return errors.Join(parted(all[:1], all[2:]), parted(all[1:2], all[2:]))
}

// parted cuts a machine from another, and looks what each notices.
func parted(one, others []netip.Addr) error {
	a, b := one[0], others[0]
	if a.Is6() {
		b = others[1]
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(b.String(), "0"))
	if err != nil {
		return err
	}
	defer listener.Close()
	from := func(source string) (near, far net.Conn, err error) {
		dialer := net.Dialer{Timeout: 2 * time.Second}
		if source != "" {
			dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(source)}
		}
		if near, err = dialer.DialContext(context.Background(), "tcp", listener.Addr().String()); err != nil {
			return nil, nil, err
		}
		far, err = listener.Accept()
		return near, far, err
	}
	near, far, err := from(a.String())
	if err != nil {
		return fmt.Errorf("before: %w", err)
	}
	if err := errors.Join(Cut(one, others), Cut(one, others)); err != nil {
		return err
	}
	if _, err := near.Write([]byte("x")); err != nil {
		return fmt.Errorf("a connection fails, and should be silent: %w", err)
	}
	_ = far.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	if _, err := far.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("the other end of a cut connection reads: %w", err)
	}
	if _, _, err := from(a.String()); !errors.Is(err, syscall.EHOSTUNREACH) {
		return fmt.Errorf("a dial from the cut machine: %w", err)
	}
	if _, _, err := from(""); err != nil {
		return fmt.Errorf("everybody else: %w", err)
	}
	if err := errors.Join(Mend(one, others), Mend(one, others)); err != nil {
		return err
	}
	_ = far.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := far.Read(make([]byte, 1)); err != nil {
		return fmt.Errorf("after it was mended: %w", err)
	}
	if _, _, err := from(a.String()); err != nil {
		return fmt.Errorf("after it was mended: %w", err)
	}
	return nil
}

func TestCut_PartsTwoMachinesAndNobodyElse(t *testing.T) {
	if err := seal(t.Context(), t, "cut", "ROOM_DIR="+t.TempDir()); err != nil {
		t.Fatal(err)
	}
}
