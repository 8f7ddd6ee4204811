package roll_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/home-ops/home-ops/components/talos/roll"
)

// Every third call that a roll makes to a machine or to Kubernetes is a moment at which its program may die.
func TestRoll_KilledAtAnyMomentIsCompletedByTheNextOne(t *testing.T) {
	moments := 0
	for killAt := 1; ; killAt += 3 {
		w := newWorld("cp-1", "cp-2", "cp-3", "worker-1")
		ctx, kill := context.WithCancel(t.Context())
		w.killAt, w.kill = killAt, kill
		w.rebootAll(ctx)
		kill()
		w.mu.Lock()
		finished := w.calls < killAt
		w.killAt, w.kill = 0, nil
		w.mu.Unlock()
		if finished {
			break
		}
		moments++
		for name, err := range w.rebootAll(t.Context()) {
			if err != nil {
				t.Errorf("killed at call %d: %s: %v", killAt, name, err)
			}
		}
		if w.mostDown > 1 {
			t.Errorf("killed at call %d: %d machines were down at once", killAt, w.mostDown)
		}
		for name, m := range w.machines {
			if !strings.Contains(m.config, "reboot") || m.boots != 1 || m.cordoned || m.away > 0 || m.unreported > 0 {
				t.Errorf("killed at call %d: %s booted %d times, cordoned %t, away %d, yet to report %d, with %s",
					killAt, name, m.boots, m.cordoned, m.away, m.unreported, m.config)
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

// rebootAll has every machine take on a config that needs a boot.
func (w *world) rebootAll(ctx context.Context) map[string]error {
	r := w.roll(soon())
	errs := map[string]error{}
	var mu sync.Mutex
	var changing sync.WaitGroup
	for _, name := range w.names() {
		wanted := w.wanted(name, "reboot")
		changing.Go(func() {
			err := r.Change(ctx, wanted)
			mu.Lock()
			defer mu.Unlock()
			errs[wanted.Name] = err
		})
	}
	changing.Wait()
	return errs
}

var _ roll.Cluster = (*world)(nil)
