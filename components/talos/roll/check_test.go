package roll_test

import (
	"strings"
	"testing"

	"github.com/home-ops/home-ops/components/talos/roll"
)

func (w *world) check(t *testing.T, name string) error {
	t.Helper()
	return w.roll(soon()).Check(t.Context(), w.machines[name].node)
}

func TestCheck_GivesAnExchangedControlPlaneItsConfigAndItsPlaceInEtcd(t *testing.T) {
	w := newWorld("cp-1", "cp-2", "cp-3")
	w.machines["cp-3"].running = roll.Running{Maintenance: true}
	w.machines["cp-3"].noEtcd = true
	if err := w.check(t, "cp-3"); err != nil {
		t.Fatal(err)
	}
	w.expect(t, "cp-1 removes cp-3 from etcd", "cp-3 configured")
}

func TestCheck_TellsWhatWasChangedOutside(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	w.machines["worker-1"].running.Talos = newTalos
	w.machines["worker-1"].config = config("sysctl")
	if err := w.check(t, "worker-1"); err != nil {
		t.Fatal(err)
	}
	want := "worker-1: was changed outside of this program, and is left so: it runs Talos v1.12.0, not v1.11.1, its config is another"
	if len(w.lines) != 1 || w.lines[0] != want {
		t.Errorf("told %s, want %s", strings.Join(w.lines, "\n"), want)
	}
	w.expect(t)
}

func TestCheck_OfAMachineThatDoesNotAnswerIsNoError(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	w.machines["worker-1"].away = 1 << 20
	if err := w.check(t, "worker-1"); err != nil {
		t.Fatal(err)
	}
	if len(w.lines) != 1 || !strings.HasPrefix(w.lines[0], "worker-1: does not answer (connection refused)") {
		t.Errorf("told %q", w.lines)
	}
}

func TestCheck_SaysNothingOfAMachineThatIsAsItShouldBe(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	if err := w.check(t, "worker-1"); err != nil || len(w.lines) > 0 {
		t.Errorf("error %v, told %q", err, w.lines)
	}
}
