package stacks

import (
	"net"
	"testing"
)

func TestDial_TellsWhoListensFromWhoDoesNot(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := dial(t.Context(), address); err != nil {
		t.Errorf("somebody listens: %v", err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := dial(t.Context(), address); err == nil {
		t.Error("nobody listens, and nothing is said")
	}
}
