package roll_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/home-ops/home-ops/components/talos/roll"
)

// remove has nodes of the world leave its stack, and then its cluster.
func (w *world) remove(t *testing.T, limits roll.Limits, names ...string) error {
	t.Helper()
	var stay, leave []roll.Node
	for _, name := range w.names() {
		if node := w.machines[name].node; slices.Contains(names, name) {
			leave = append(leave, node)
		} else {
			stay = append(stay, node)
		}
	}
	return w.rollOf(limits, stay).Remove(t.Context(), leave)
}

func TestRemove_TakesWorkersFirstAndAControlPlaneOutOfEtcd(t *testing.T) {
	w := newWorld("cp-1", "cp-2", "cp-3", "worker-1")
	if err := w.remove(t, soon(), "cp-1", "worker-1"); err != nil {
		t.Fatal(err)
	}
	w.expect(t, "worker-1 deleted", "cp-2 leads", "cp-1 leaves etcd", "cp-1 deleted")
	for _, name := range []string{"cp-1", "worker-1"} {
		if m := w.machines[name]; !m.cordoned || len(m.pods) > 0 {
			t.Errorf("%s: cordoned %t, pods %v", name, m.cordoned, m.pods)
		}
	}
}

// An election in etcd that nobody resigns from lasts a minute.
func TestRemove_HasAControlPlaneGiveUpTheVIPBeforeItLeavesEtcd(t *testing.T) {
	w := newWorld("cp-1", "cp-2", "cp-3")
	w.withVIP("cp-3")
	if err := w.remove(t, soon(), "cp-3"); err != nil {
		t.Fatal(err)
	}
	w.expect(t, "cp-3 applied", "cp-3 gives the VIP up", "cp-1 has the VIP", "cp-3 leaves etcd", "cp-3 deleted")
	if want := "cp-3: waits for another control plane to have the VIP, 1m0s left: it still has " + sharedIP; !slices.Contains(w.lines, want) {
		t.Errorf("told %q", w.lines)
	}
}

// The place in the election of one that has died stands before theirs, for as long as its lease has not ended.
func TestRemove_WaitsUntilAnotherControlPlaneHasTheVIP(t *testing.T) {
	w := newWorld("cp-1", "cp-2", "cp-3")
	w.withVIP("cp-3")
	w.vacant = 10
	if err := w.remove(t, soon(), "cp-3"); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(w.lines, func(line string) bool {
		return strings.HasPrefix(line, "cp-3: waits for another control plane to have the VIP") && strings.HasSuffix(line, "nobody has "+sharedIP+" yet")
	}) {
		t.Errorf("told %q", w.lines)
	}
	taken := slices.IndexFunc(w.events, func(event string) bool { return strings.HasSuffix(event, " has the VIP") })
	if left := slices.Index(w.events, "cp-3 leaves etcd"); taken < 0 || taken > left {
		t.Errorf("it happened %q", w.events)
	}
}

// Silence of the others is no word that one of them has it.
func TestRemove_WaitsUntilAnotherControlPlaneAnswers(t *testing.T) {
	w := newWorld("cp-1", "cp-2", "cp-3")
	w.withVIP("cp-3")
	w.deaf = 10
	if err := w.remove(t, soon(), "cp-3"); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(w.lines, func(line string) bool {
		return strings.Contains(line, "no other control plane answers: connection refused")
	}) {
		t.Errorf("told %q", w.lines)
	}
	w.expect(t, "cp-3 applied", "cp-3 gives the VIP up", "cp-1 has the VIP", "cp-3 leaves etcd", "cp-3 deleted")
}

func TestRemove_AsksAgainWhereTheAPIDoesNotTakeTheNodeAway(t *testing.T) {
	w := newWorld("cp-1", "cp-2", "cp-3", "worker-1")
	w.undeletable = 2
	if err := w.remove(t, soon(), "worker-1"); err != nil {
		t.Fatal(err)
	}
	w.expect(t, "worker-1 deleted")
}

func TestRemove_HasOneThatStandsForTheVIPStandBackFromIt(t *testing.T) {
	w := newWorld("cp-1", "cp-2", "cp-3")
	w.withVIP("cp-1")
	if err := w.remove(t, soon(), "cp-3"); err != nil {
		t.Fatal(err)
	}
	w.expect(t, "cp-3 applied", "cp-3 leaves etcd", "cp-3 deleted")
}

func TestRemove_OfADeadOneDoesNotWaitForItsVIP(t *testing.T) {
	w := newWorld("cp-1", "cp-2", "cp-3")
	w.withVIP("cp-3")
	w.machines["cp-3"].away = 1 << 20
	if err := w.remove(t, soon(), "cp-3"); err != nil {
		t.Fatal(err)
	}
	w.expect(t, "cp-1 removes cp-3 from etcd", "cp-3 deleted")
}

func TestRemove_OfADeadControlPlaneIsDoneByAnother(t *testing.T) {
	w := newWorld("cp-1", "cp-2", "cp-3")
	w.machines["cp-3"].away = 1 << 20
	if err := w.remove(t, soon(), "cp-3"); err != nil {
		t.Fatal(err)
	}
	w.expect(t, "cp-1 removes cp-3 from etcd", "cp-3 deleted")
}

func TestRemove_IsRefusedWhereItCostsTheQuorum(t *testing.T) {
	w := newWorld("cp-1", "cp-2", "cp-3")
	w.machines["cp-2"].noEtcd = true
	limits := soon()
	limits.Healthy = 20 * time.Millisecond
	err := w.remove(t, limits, "cp-3")
	if err == nil || !strings.Contains(err.Error(), "cp-3 leaves the stack: ") || !strings.Contains(err.Error(), "etcd on cp-2 does not answer") {
		t.Errorf("error %v", err)
	}
	w.expect(t)
}

func TestRemove_IsRefusedWhileCephKeepsDataThere(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	w.machines["worker-1"].disks = []string{"rook-ceph/rook-ceph-osd-0"}
	err := w.remove(t, soon(), "worker-1")
	const want = "worker-1 leaves the stack: Ceph keeps data on it ([rook-ceph/rook-ceph-osd-0]): empty its disks first (`ceph osd out`, " +
		"wait until `ceph osd safe-to-destroy` says yes), delete these deployments, and `ceph osd purge`. Where each copy needs a node of its " +
		"own and no other is left, another node with a disk comes first: docs/runbooks/change-a-node.md"
	if err == nil || err.Error() != want {
		t.Errorf("error %v\nwant  %s", err, want)
	}
	w.expect(t)
}

// An update that was killed afterwards finds it done, even when the machine has been wiped since.
func TestRemove_OfANodeThatIsGoneAsksItNothing(t *testing.T) {
	w := newWorld("cp-1", "cp-2", "cp-3")
	gone := w.machines["cp-3"]
	gone.away, gone.leftEtcd, gone.deleted = 1<<20, true, true
	if err := w.remove(t, soon(), "cp-3"); err != nil {
		t.Fatal(err)
	}
	w.expect(t)
}

func TestRoll_ForgetsTheMemberOfAMachineThatWasReplaced(t *testing.T) {
	w := newWorld("cp-1", "cp-2", "cp-3")
	w.machines["cp-3"].running = roll.Running{Maintenance: true}
	w.machines["cp-3"].noEtcd = true
	noErrors(t, w.change(t, soon(), w.wanted("cp-3", "reboot")))
	w.expect(t, "cp-1 removes cp-3 from etcd", "cp-3 configured")
}
