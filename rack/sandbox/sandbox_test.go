//go:build linux

package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

// inside is what the test binary does when Seal starts it again.
var inside = map[string]func() error{
	"furnish": func() error {
		room := Room{
			Addresses:  []netip.Addr{netip.MustParseAddr("10.0.50.11"), netip.MustParseAddr("fd00:50::11")},
			Broadcasts: []netip.Addr{netip.MustParseAddr("10.0.255.255")},
			Hosts:      map[string]netip.Addr{"cp-1": netip.MustParseAddr("10.0.50.11")},
			Covers:     map[string]string{os.Getenv("ROOM_COVER"): os.Getenv("ROOM_WITH")},
			Dir:        os.Getenv("ROOM_DIR"),
		}
		if err := Furnish(room); err != nil {
			return err
		}
		for _, address := range []string{"10.0.50.11:0", "[fd00:50::11]:0"} {
			l, err := net.Listen("tcp", address)
			if err != nil {
				return err
			}
			_ = l.Close()
		}
		if err := broadcast("10.0.255.255"); err != nil {
			return err
		}
		if found, err := net.LookupHost("cp-1"); err != nil || found[0] != "10.0.50.11" {
			return fmt.Errorf("cp-1 resolves to %v: %w", found, err)
		}
		if _, err := net.DialTimeout("tcp", "192.0.2.1:80", time.Second); err == nil {
			return errors.New("the world outside answers")
		}
		text, err := os.ReadFile(os.Getenv("ROOM_COVER"))
		if err != nil || string(text) != "the room's own" {
			return errors.New("not covered: " + string(text))
		}
		return nil
	},
	"cut":  cutAndMend,
	"stay": func() error { time.Sleep(time.Minute); return nil },
	// One that waits to be told that it may go.
	"wait": func() error {
		told := make(chan os.Signal, 1)
		signal.Notify(told, syscall.SIGTERM)
		fmt.Println("ready")
		<-told
		return nil
	},
}

// broadcast sends a packet to everybody, and hears it.
func broadcast(to string) error {
	everybody, err := net.ListenPacket("udp4", ":0")
	if err != nil {
		return err
	}
	defer everybody.Close()
	_, port, err := net.SplitHostPort(everybody.LocalAddr().String())
	if err != nil {
		return err
	}
	conn, err := net.Dial("udp4", net.JoinHostPort(to, port))
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("wake up")); err != nil {
		return err
	}
	if err := everybody.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, _, err := everybody.ReadFrom(make([]byte, 16)); err != nil {
		return fmt.Errorf("nobody hears a broadcast: %w", err)
	}
	return nil
}

func TestMain(m *testing.M) {
	if act, ok := inside[os.Getenv("ROOM_ACT")]; ok {
		if err := act(); err != nil {
			println(err.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func seal(ctx context.Context, t *testing.T, act string, env ...string) error {
	t.Helper()
	var said bytes.Buffer
	err := Seal(ctx, Command{
		Path: os.Args[0], Env: append(os.Environ(), append(env, "ROOM_ACT="+act)...),
		Stdout: &said, Stderr: &said, Grace: time.Second,
	})
	if said.Len() > 0 {
		t.Log(said.String())
	}
	return err
}

func TestFurnish_MakesAnAddressableRoomThatReachesNothingElse(t *testing.T) {
	dir := t.TempDir()
	cover, with := dir+"/cover", dir+"/with"
	for path, text := range map[string]string{cover: "the machine's own", with: "the room's own"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := seal(t.Context(), t, "furnish", "ROOM_DIR="+dir, "ROOM_COVER="+cover, "ROOM_WITH="+with); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(cover); string(text) != "the machine's own" {
		t.Errorf("the cover is felt outside the room: %q", text)
	}
}

func TestFurnish_RefusesARealNetwork(t *testing.T) {
	links, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	up := 0
	for _, l := range links {
		if l.Flags&net.FlagLoopback == 0 && l.Flags&net.FlagUp != 0 {
			up++
		}
	}
	if up == 0 {
		t.Skip("this machine has no network of its own to be protected from")
	}
	err = Furnish(Room{Dir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "this is not a sealed namespace") {
		t.Fatalf("got %v", err)
	}
}

func TestSeal_EndsSoonAfterItsContext(t *testing.T) {
	cause := errors.New("enough")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 300*time.Millisecond, cause)
	defer cancel()
	began := time.Now()
	if err := seal(ctx, t, "stay"); !errors.Is(err, cause) {
		t.Errorf("got %v, want %v", err, cause)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
}

// whenSaid calls back once something was written.
type whenSaid func()

func (w whenSaid) Write(p []byte) (int, error) { w(); return len(p), nil }

func TestSeal_OfAProgramThatHadOnlyToBeToldIsNoError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := Seal(ctx, Command{
		Path: os.Args[0], Env: append(os.Environ(), "ROOM_ACT=wait"), Stdout: whenSaid(cancel), Stderr: os.Stderr, Grace: 10 * time.Second,
	})
	if err != nil {
		t.Errorf("got %v", err)
	}
}
