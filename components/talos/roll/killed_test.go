package roll_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/home-ops/home-ops/components/talos/roll"
)

func TestRoll_KilledAtAnyMomentIsCompletedByTheNextOne(t *testing.T) {
	killedAtAnyMoment(t, []string{"cp-1", "cp-2", "cp-3", "worker-1"}, func(w *world, name string) roll.Node { return w.wanted(name, "reboot") },
		func(m *machine) bool {
			return strings.Contains(m.config, "reboot") && m.boots == 1 && m.away == 0 && m.unreported == 0
		})
}

// killedAtAnyMoment has every machine become what is wanted of it, kills that, and has the next one complete it. Every third
// call that a roll makes to a machine or to Kubernetes is a moment at which its program may die.
func killedAtAnyMoment(t *testing.T, names []string, wanted func(w *world, name string) roll.Node, done func(*machine) bool) {
	t.Helper()
	moments := 0
	for killAt := 1; ; killAt += 3 {
		w := newWorld(names...)
		ctx, kill := context.WithCancel(t.Context())
		w.killAt, w.kill = killAt, kill
		w.changeAll(ctx, wanted)
		kill()
		w.mu.Lock()
		finished := w.calls < killAt
		w.killAt, w.kill = 0, nil
		w.mu.Unlock()
		if finished {
			break
		}
		moments++
		for name, err := range w.changeAll(t.Context(), wanted) {
			if err != nil {
				t.Errorf("killed at call %d: %s: %v", killAt, name, err)
			}
		}
		if w.mostDown > 1 {
			t.Errorf("killed at call %d: %d machines were down at once", killAt, w.mostDown)
		}
		for name, m := range w.machines {
			if m.cordoned || !done(m) {
				t.Errorf("killed at call %d: %s is %+v, with %s", killAt, name, m.fate(), m.config)
			}
		}
		if t.Failed() {
			t.Fatalf("did\n  %s", strings.Join(w.events, "\n  "))
		}
	}
	if moments < 20 {
		t.Errorf("%d moments were tried", moments)
	}
}

// fate is what a roll has done to a machine.
func (m *machine) fate() map[string]any {
	return map[string]any{
		"boots": m.boots, "resets": m.resets, "cordoned": m.cordoned, "away": m.away, "yet to report": m.unreported,
		"in maintenance mode": m.running.Maintenance, "out of etcd": m.leftEtcd,
	}
}

// changeAll has every machine become what is wanted of it, all at once.
func (w *world) changeAll(ctx context.Context, wanted func(w *world, name string) roll.Node) map[string]error {
	r := w.roll(soon())
	errs := map[string]error{}
	var mu sync.Mutex
	var changing sync.WaitGroup
	for _, name := range w.names() {
		node := wanted(w, name)
		changing.Go(func() {
			err := r.Change(ctx, node)
			mu.Lock()
			defer mu.Unlock()
			errs[node.Name] = err
		})
	}
	changing.Wait()
	return errs
}

var _ roll.Cluster = (*world)(nil)
