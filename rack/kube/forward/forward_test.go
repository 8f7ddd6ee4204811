package forward

import (
	"io"
	"log/slog"
	"net"
	"testing"
	"time"
)

// greeter is a server that says its name to whoever connects, and keeps the connection.
func greeter(t *testing.T, name string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
			_, _ = conn.Write([]byte(name))
		}
	}()
	return listener.Addr().String()
}

// freeAddress is an address that nothing listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// greeted connects and returns the name it hears, and the connection.
func greeted(t *testing.T, address string) (string, net.Conn) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
	name := make([]byte, 1)
	if _, err := io.ReadFull(conn, name); err != nil {
		t.Fatal(err)
	}
	return string(name), conn
}

func TestForwarder_RefusesConnectionsWhileItHasNoTarget(t *testing.T) {
	address := freeAddress(t)
	f := New(address, slog.New(slog.DiscardHandler))
	defer f.Close()
	if _, err := net.Dial("tcp", address); err == nil {
		t.Fatal("an address without a target accepts connections")
	}
	f.SetTargets(greeter(t, "a"))
	if name, _ := greeted(t, address); name != "a" {
		t.Errorf("answered by %q", name)
	}
	f.SetTargets()
	if _, err := net.Dial("tcp", address); err == nil {
		t.Error("an address that lost its target accepts connections")
	}
}

func TestForwarder_CutsTheConnectionsOfATargetThatIsGone(t *testing.T) {
	address, a, b := freeAddress(t), greeter(t, "a"), greeter(t, "b")
	f := New(address, slog.New(slog.DiscardHandler))
	defer f.Close()
	f.SetTargets(a)
	_, old := greeted(t, address)
	f.SetTargets(b)
	if _, err := old.Read(make([]byte, 1)); err == nil {
		t.Error("the connection to the old target lives on")
	}
	if name, _ := greeted(t, address); name != "b" {
		t.Errorf("a new connection is answered by %q", name)
	}
}

func TestForwarder_PassesOverATargetThatDoesNotAnswer(t *testing.T) {
	address := freeAddress(t)
	f := New(address, slog.New(slog.DiscardHandler))
	defer f.Close()
	f.SetTargets(freeAddress(t), greeter(t, "b"))
	for range 3 {
		if name, _ := greeted(t, address); name != "b" {
			t.Errorf("answered by %q", name)
		}
	}
}

func TestForwarder_WaitsForAnAddressThatIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := New(taken.Addr().String(), slog.New(slog.DiscardHandler))
	defer f.Close()
	f.SetTargets(greeter(t, "a"))
	taken.Close()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if conn, err := net.Dial("tcp", taken.Addr().String()); err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the address was never taken over")
		}
	}
}
