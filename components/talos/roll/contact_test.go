package roll_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/home-ops/home-ops/components/talos/roll"
)

// leased is where DHCP has put a machine.
var leased = netip.MustParseAddr("10.0.1.7")

// guest is a machine in maintenance mode at an address that is not its node's. With a config it goes away, and comes to the
// node's own.
type guest struct {
	roll.Machine
	is *machine
	// refuses is what it says to a config, lost that it takes it and the answer does not arrive.
	refuses error
	lost    bool
	gone    bool
	// fails counts the configs with which it comes back in maintenance mode.
	fails int
}

func (g *guest) Running(context.Context) (roll.Running, error) {
	g.is.world.mu.Lock()
	defer g.is.world.mu.Unlock()
	if g.gone {
		return roll.Running{}, errors.New("connection refused")
	}
	return roll.Running{Maintenance: true}, nil
}

func (g *guest) Configure(ctx context.Context, config []byte) error {
	if g.refuses != nil {
		return g.refuses
	}
	if err := g.is.Configure(ctx, config); err != nil {
		return err
	}
	g.is.world.mu.Lock()
	defer g.is.world.mu.Unlock()
	if g.fails > 0 {
		g.fails--
		return nil
	}
	g.is.world.event("%s moves", g.is.node.Name)
	g.gone, g.is.away = true, 3
	if g.lost {
		return status.Error(codes.Unavailable, "connection reset")
	}
	return nil
}

// seeker finds a guest from the second look on, or has an error.
type seeker struct {
	world    *world
	err      error
	impostor error

	mu    sync.Mutex
	looks int
}

func (s *seeker) Seek(context.Context, string) (netip.Addr, error) {
	s.mu.Lock()
	s.looks++
	looks := s.looks
	s.mu.Unlock()
	if s.err != nil {
		return netip.Addr{}, s.err
	}
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	if g, ok := s.world.guests[leased]; ok && looks > 1 && !g.gone {
		return leased, nil
	}
	return netip.Addr{}, roll.UnseenError{Elsewhere: errors.New("it is nowhere")}
}

func (s *seeker) Impostor(context.Context, string) error { return s.impostor }

func (s *seeker) Where(string) string { return "by its card" }

// away takes a machine off its node's address, and puts it where DHCP has it.
func (w *world) away(name string) *guest {
	g := &guest{is: w.machines[name]}
	g.is.away = 1 << 20
	w.guests = map[netip.Addr]*guest{leased: g}
	w.seeker = &seeker{world: w}
	for _, m := range w.machines {
		m.node.Address = netip.MustParseAddr("10.0.50.2")
	}
	return g
}

func (w *world) add(t *testing.T, name string) error {
	t.Helper()
	return w.roll(soon()).Add(t.Context(), w.machines[name].node)
}

func TestAdd_GivesAMachineItsConfigWhereItIs(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	w.away("worker-1")
	if err := w.add(t, "worker-1"); err != nil {
		t.Fatal(err)
	}
	w.expect(t, "worker-1 configured", "worker-1 moves")
	if w.machines["worker-1"].away != 0 {
		t.Error("it was not waited for")
	}
	want := []string{
		"worker-1: does not answer at 10.0.50.2; looks for it by its card",
		"worker-1: waits for its machine, 1m0s left: it is nowhere",
		"worker-1: is in maintenance mode at 10.0.1.7, by its hardware or by name; gets its config there, and goes on at 10.0.50.2",
	}
	if len(w.lines) < 3 || !slices.Equal(w.lines[:3], want) {
		t.Errorf("told %s", strings.Join(w.lines, "\n"))
	}
	for _, line := range w.lines {
		if strings.Contains(line, "sysctls") {
			t.Errorf("the config was told: %s", line)
		}
	}
}

func TestAdd_LooksNowhereElseForAMachineAtItsOwnAddress(t *testing.T) {
	for name, running := range map[string]roll.Running{"in maintenance mode": {Maintenance: true}, "with its config": {BootID: "0"}} {
		w := newWorld("cp-1", "worker-1")
		w.away("worker-1")
		w.machines["worker-1"].away, w.machines["worker-1"].running = 0, running
		if err := w.add(t, "worker-1"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		w.expect(t)
		if looks := w.seeker.(*seeker).looks; looks > 0 || len(w.lines) > 0 {
			t.Errorf("%s: looked %d times, told %q", name, looks, w.lines)
		}
	}
}

// An update that was killed after it had sent the config is followed by one that finds the machine at neither address, until
// it has booted.
func TestAdd_WaitsForAMachineThatHasItsConfigAlready(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	g := w.away("worker-1")
	g.gone, g.is.away = true, 5
	if err := w.add(t, "worker-1"); err != nil {
		t.Fatal(err)
	}
	w.expect(t)
}

func TestAdd_BelievesTheMachineAndNotALostAnswer(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	w.away("worker-1").lost = true
	if err := w.add(t, "worker-1"); err != nil {
		t.Fatal(err)
	}
	w.expect(t, "worker-1 configured", "worker-1 moves")
}

func TestAdd_TouchesNothingWhereTheMachineIsNotCertain(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(*world, *guest)
		want   string
	}{
		"two match": {
			func(w *world, _ *guest) { w.seeker.(*seeker).err = errors.New("2 machines have its card") }, "worker-1: 2 machines have its card",
		},
		"it refuses its config": {
			func(_ *world, g *guest) { g.refuses = status.Error(codes.InvalidArgument, "no disks matched") },
			"worker-1 at 10.0.1.7: rpc error: code = InvalidArgument desc = no disks matched",
		},
		"another's machine is at its address, and its own nowhere": {
			func(w *world, g *guest) {
				g.gone, g.is.away, g.is.running = true, 0, roll.Running{Maintenance: true}
				w.seeker.(*seeker).impostor = errors.New("at 10.0.50.2 is the machine of worker-2")
			}, "worker-1: at 10.0.50.2 is the machine of worker-2",
		},
		"it is nowhere": {
			func(_ *world, g *guest) { g.gone = true }, "worker-1: its machine: not after 50ms: it is nowhere",
		},
	} {
		w := newWorld("cp-1", "worker-1")
		c.damage(w, w.away("worker-1"))
		limits := soon()
		if strings.Contains(c.want, "not after") {
			limits.Find = 50 * time.Millisecond
		}
		err := w.roll(limits).Add(t.Context(), w.machines["worker-1"].node)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: error %v, want %s", name, err, c.want)
		}
		w.expect(t)
	}
}

func TestAdd_FindsAMachineBesideAnImpostor(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	g := w.away("worker-1")
	// The other machine goes as soon as its own node is looked for.
	g.is.away, g.is.inMaintenance = 0, 1
	w.seeker.(*seeker).impostor, w.seeker.(*seeker).looks = errors.New("the machine of worker-2"), 1
	if err := w.add(t, "worker-1"); err != nil {
		t.Fatal(err)
	}
	w.expect(t, "worker-1 configured", "worker-1 moves")
}

func TestAdd_SaysWhereToLookAtAMachineThatDoesNotAppear(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	g := w.away("worker-1")
	w.machines["worker-1"].dead, w.machines["worker-1"].boots = true, 1
	limits := soon()
	limits.Return = 50 * time.Millisecond
	err := w.roll(limits).Add(t.Context(), g.is.node)
	want := "worker-1: it to answer at 10.0.50.2: not after 50ms: connection refused; it has its config: look at its console, and at its network in the stack file"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestAdd_SendsTheConfigAgainToAMachineThatCouldNotInstallItself(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	g := w.away("worker-1")
	g.fails = 1
	limits := soon()
	limits.Again = 20 * time.Millisecond
	if err := w.roll(limits).Add(t.Context(), g.is.node); err != nil {
		t.Fatal(err)
	}
	w.expect(t, "worker-1 configured", "worker-1 configured", "worker-1 moves")
	if told := strings.Join(w.lines, "\n"); !strings.Contains(told, "it was in maintenance mode at 10.0.1.7 again, and has its config once more") {
		t.Errorf("told %s", told)
	}
}

func TestCheck_FindsAMachineThatWasExchangedAndIsElsewhere(t *testing.T) {
	w := newWorld("cp-1", "cp-2", "cp-3")
	w.away("cp-3").is.noEtcd = true
	w.seeker.(*seeker).looks = 1
	if err := w.check(t, "cp-3"); err != nil {
		t.Fatal(err)
	}
	w.expect(t, "cp-1 removes cp-3 from etcd", "cp-3 configured", "cp-3 moves")
	if want := "cp-3: is in maintenance mode at 10.0.1.7, though it belongs to the cluster: it gets its config again"; w.lines[0] != want {
		t.Errorf("told %s", w.lines[0])
	}
}

func TestCheck_OfAMachineThatIsNowhereIsNoErrorAndOneThatIsUncertainIs(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	w.away("worker-1").gone = true
	if err := w.check(t, "worker-1"); err != nil || len(w.lines) != 1 || !strings.HasPrefix(w.lines[0], "worker-1: does not answer (connection refused)") {
		t.Errorf("error %v, told %q", err, w.lines)
	}
	w.seeker.(*seeker).err = errors.New("2 machines have its card")
	if err := w.check(t, "worker-1"); err == nil || err.Error() != "worker-1: 2 machines have its card" {
		t.Errorf("error %v", err)
	}
	w.expect(t)
}

func TestRoll_FindsAMachineThatWasExchangedAndIsElsewhere(t *testing.T) {
	w := newWorld("cp-1", "cp-2", "cp-3")
	w.away("cp-3").is.noEtcd = true
	if err := w.change(t, soon(), w.wanted("cp-3", "sysctl"))["cp-3"]; err != nil {
		t.Fatal(err)
	}
	w.expect(t, "cp-1 removes cp-3 from etcd", "cp-3 configured", "cp-3 moves")
}

func TestAnnounce_SaysWhereUpWillLook(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	w.away("worker-1")
	w.roll(soon()).Announce(w.machines["worker-1"].node)
	if want := "worker-1: does not answer at 10.0.50.2: up will look for it by its card"; len(w.lines) != 1 || w.lines[0] != want {
		t.Errorf("told %q", w.lines)
	}
}
