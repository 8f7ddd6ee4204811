package roll_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/home-ops/home-ops/components/talos/roll"
)

func noErrors(t *testing.T, errs map[string]error) {
	t.Helper()
	for name, err := range errs {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func (w *world) expect(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(w.events, want) {
		t.Errorf("did\n  %s\nwant\n  %s\ntold\n  %s", strings.Join(w.events, "\n  "), strings.Join(want, "\n  "), strings.Join(w.lines, "\n  "))
	}
}

func TestRoll_RebootsOneNodeAtATimeWorkersFirstAndTheLeaderLast(t *testing.T) {
	w := newWorld("cp-1", "cp-2", "cp-3", "worker-1", "worker-2")
	var nodes []roll.Node
	for _, name := range w.names() {
		nodes = append(nodes, w.wanted(name, "reboot"))
	}
	// The engine's order is nobody's.
	slices.Reverse(nodes)
	noErrors(t, w.change(t, soon(), nodes...))
	if w.mostDown != 1 {
		t.Errorf("%d machines were down at once", w.mostDown)
	}
	var reboots []string
	for _, e := range w.events {
		if name, ok := strings.CutSuffix(e, " reboots"); ok {
			reboots = append(reboots, name)
		}
	}
	workers, planes := reboots[:2], reboots[2:]
	slices.Sort(workers)
	if !slices.Equal(workers, []string{"worker-1", "worker-2"}) || planes[2] != "cp-1" {
		t.Errorf("order %v", reboots)
	}
	for name, m := range w.machines {
		if m.cordoned || len(m.pods) > 0 || m.unreported > 0 {
			t.Errorf("%s: cordoned %t, pods %v, its kubelet has yet to report %d times", name, m.cordoned, m.pods, m.unreported)
		}
	}
}

func TestRoll_HandsTheLeadershipOverBeforeTheLeaderGoesDown(t *testing.T) {
	w := newWorld("cp-1", "cp-2", "cp-3")
	noErrors(t, w.change(t, soon(), w.wanted("cp-1", "reboot"), w.wanted("cp-3", "reboot")))
	w.expect(t, "cp-3 reboots", "cp-3 uncordoned", "cp-2 leads", "cp-1 reboots", "cp-1 uncordoned")
}

func TestRoll_ChangesLiveWithoutMovingAnyPod(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	noErrors(t, w.change(t, soon(), w.wanted("worker-1", "sysctl")))
	w.expect(t, "worker-1 applied")
	if len(w.machines["worker-1"].pods) != 1 {
		t.Error("its pod was moved")
	}
}

func TestRoll_UpgradesWhereTheImageDiffersAndStagesTheConfigBefore(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	node := w.wanted("worker-1", "reboot")
	node.Talos, node.Image = newTalos, "v1.12.0/plain"
	noErrors(t, w.change(t, soon(), node))
	w.expect(t, "worker-1 staged", "worker-1 upgrades to v1.12.0/plain", "worker-1 uncordoned")
}

func TestRoll_AppliesAConfigThatOnlyTheNewTalosReadsAfterTheUpgrade(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	node := w.wanted("worker-1", "refused")
	node.Talos, node.Image = newTalos, "v1.12.0/plain"
	noErrors(t, w.change(t, soon(), node))
	w.expect(t, "worker-1 upgrades to v1.12.0/plain", "worker-1 applied", "worker-1 uncordoned")
}

func TestRoll_StopsAtAMachineThatRollsBackAndLeavesTheOthersAlone(t *testing.T) {
	w := newWorld("cp-1", "cp-2", "worker-1", "worker-2")
	w.machines["cp-2"].rollsBack = true
	var nodes []roll.Node
	for _, name := range w.names() {
		n := w.wanted(name, "same")
		n.Talos, n.Image = newTalos, "v1.12.0/plain"
		nodes = append(nodes, n)
	}
	errs := w.change(t, soon(), nodes...)
	if err := errs["cp-2"]; err == nil || !strings.Contains(err.Error(), "the new image did not boot, and Talos went back to the old one") {
		t.Errorf("cp-2: %v", err)
	}
	for _, name := range []string{"cp-1", "worker-1", "worker-2"} {
		if err := errs[name]; err == nil || !strings.HasPrefix(err.Error(), name+" was left as it is, because the roll stopped; the next `pulumi up` goes on: cp-2: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.expect(t, "cp-2 upgrades to v1.12.0/plain")
}

func TestRoll_LeavesAloneWhoComesAfterItStopped(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	w.machines["worker-1"].rollsBack = true
	node := w.wanted("worker-1", "same")
	node.Talos, node.Image = newTalos, "v1.12.0/plain"
	r := w.roll(soon())
	r.Settle("cp-1")
	if err := r.Change(t.Context(), node); err == nil {
		t.Fatal("a machine that rolled back is no error")
	}
	err := r.Change(t.Context(), w.wanted("cp-1", "reboot"))
	if err == nil || !strings.HasPrefix(err.Error(), "cp-1 was left as it is, because the roll stopped") {
		t.Errorf("error %v", err)
	}
	w.expect(t, "worker-1 upgrades to v1.12.0/plain")
}

func TestRoll_SaysWhatIsKnownOfAMachineThatDoesNotComeBack(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	w.machines["worker-1"].dead = true
	limits := soon()
	limits.Return = 30 * time.Millisecond
	err := w.change(t, limits, w.wanted("worker-1", "reboot"))["worker-1"]
	if want := "worker-1: the machine to come back: not after 30ms: connection refused"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestRoll_GoesOnWithANodeThatAnInterruptedRunLeftCordoned(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	m := w.machines["worker-1"]
	m.cordoned, m.byUs, m.away, m.config = true, true, 5, config("reboot")
	noErrors(t, w.change(t, soon(), w.wanted("worker-1", "reboot")))
	w.expect(t, "worker-1 uncordoned")
}

func TestRoll_LeavesANodeCordonedThatAPersonCordoned(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	w.machines["worker-1"].cordoned = true
	noErrors(t, w.change(t, soon(), w.wanted("worker-1", "reboot")))
	w.expect(t, "worker-1 reboots")
	if !w.machines["worker-1"].cordoned {
		t.Error("it was uncordoned")
	}
}

func TestRoll_NamesTheBudgetThatCannotBeMet(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	w.budget = "The disruption budget plex needs 1 healthy pods and has 1 currently"
	limits := soon()
	limits.Drain = 20 * time.Millisecond
	err := w.change(t, limits, w.wanted("worker-1", "reboot"))["worker-1"]
	if err == nil || !strings.Contains(err.Error(), "media/plex-worker-1: The disruption budget plex needs 1 healthy pods") {
		t.Errorf("error %v", err)
	}
	w.expect(t)
}

func TestRoll_TakesNothingDownWhileStorageIsNotWhole(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	w.storage = errors.New("Ceph rook-ceph/rook-ceph is HEALTH_WARN; PG_DEGRADED: 12 pgs degraded")
	limits := soon()
	limits.Healthy = 20 * time.Millisecond
	err := w.change(t, limits, w.wanted("worker-1", "reboot"))["worker-1"]
	if err == nil || !strings.Contains(err.Error(), "PG_DEGRADED") {
		t.Errorf("error %v", err)
	}
	w.expect(t)
}

func TestRoll_BelievesOfStorageNothingFromBeforeTheMachineWentDown(t *testing.T) {
	w := newWorld("cp-1", "worker-1", "worker-2")
	w.looks = new(int)
	noErrors(t, w.change(t, soon(), w.wanted("worker-1", "reboot"), w.wanted("worker-2", "live")))
	if !slices.Contains(w.lines, "worker-1: waits for the storage to be whole, 1m0s left: no look of Ceph at itself since then") {
		t.Errorf("told %q", w.lines)
	}
	if slices.ContainsFunc(w.lines, func(line string) bool { return strings.HasPrefix(line, "worker-2: waits for the storage") }) {
		t.Errorf("one that did not go down waited: %q", w.lines)
	}
}

func TestRoll_TakesNothingDownWhileAnotherNodeIsAway(t *testing.T) {
	w := newWorld("cp-1", "worker-1", "worker-2")
	w.machines["worker-2"].away = 1
	limits := soon()
	limits.Healthy = 20 * time.Millisecond
	err := w.change(t, limits, w.wanted("worker-1", "reboot"))["worker-1"]
	if want := "node worker-2 is not ready (NodeStatusUnknown): repair it, or take it out of the stack"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
	w.expect(t)
}

func TestRoll_TouchesNoControlPlaneWhileAnotherDoesNotServe(t *testing.T) {
	for want, fault := range map[string]func(*machine){
		"etcd on cp-3 does not answer: connection refused": func(m *machine) { m.noEtcd = true },
		"the API server of cp-3: connection refused":       func(m *machine) { m.noAPI = true },
	} {
		w := newWorld("cp-1", "cp-2", "cp-3")
		fault(w.machines["cp-3"])
		limits := soon()
		limits.Healthy = 20 * time.Millisecond
		for _, config := range []string{"reboot", "sysctl"} {
			err := w.change(t, limits, w.wanted("cp-2", config))["cp-2"]
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want %s", config, err, want)
			}
		}
		w.expect(t)
	}
}

func TestRoll_LooksNotAtNodesThatThisRunAdds(t *testing.T) {
	w := newWorld("cp-1", "worker-1", "worker-2")
	w.machines["worker-2"].away = 1000
	r := w.roll(soon())
	r.Settle("cp-1")
	if err := r.Add(t.Context(), w.machines["worker-2"].node); err != nil {
		t.Error(err)
	}
	if err := r.Change(t.Context(), w.wanted("worker-1", "reboot")); err != nil {
		t.Error(err)
	}
}

func TestRoll_BringsAKubeletNoFurtherThanEveryAPIServer(t *testing.T) {
	w := newWorld("cp-1", "cp-2", "worker-1")
	var nodes []roll.Node
	for _, name := range w.names() {
		n := w.wanted(name, kubernetesConfig(string(newKubernetes)))
		n.Kubernetes = newKubernetes
		nodes = append(nodes, n)
	}
	noErrors(t, w.change(t, soon(), nodes...))
	w.expect(t,
		"cp-2 applied", "cp-2 kubelet v1.34.1", "cp-1 applied", "cp-1 kubelet v1.34.1",
		"cp-2 applied", "cp-2 kubelet v1.35.0", "cp-1 applied", "cp-1 kubelet v1.35.0",
		"worker-1 applied", "worker-1 kubelet v1.35.0")
}

func TestRoll_StopsAKubeletThatWouldBeNewerThanAnAPIServer(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	n := w.wanted("worker-1", kubernetesConfig(string(newKubernetes)))
	n.Kubernetes = newKubernetes
	err := w.change(t, soon(), n)["worker-1"]
	if err == nil || !strings.Contains(err.Error(), "the kubelet v1.35.0 would be newer than the API server of cp-1 (v1.34.1)") {
		t.Errorf("error %v", err)
	}
	w.expect(t)
}

func TestRoll_TouchesNothingWhenAnImageIsMissing(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	var nodes []roll.Node
	for _, name := range w.names() {
		n := w.wanted(name, kubernetesConfig("v1.35.99"))
		n.Kubernetes = "v1.35.99"
		nodes = append(nodes, n)
	}
	for name, err := range w.change(t, soon(), nodes...) {
		if err == nil || !strings.Contains(err.Error(), "nothing was touched, because images cannot be fetched") {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.expect(t)
}

func TestRoll_RefusesToSetTalosBack(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	w.machines["worker-1"].running.Talos = newTalos
	err := w.change(t, soon(), w.wanted("worker-1", "same"))["worker-1"]
	if want := "worker-1 runs Talos v1.12.0: Talos v1.12.0 cannot be set back to v1.11.1"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
}

// One that was killed behind a reset has left the node cordoned.
func TestRoll_GivesAMachineInMaintenanceModeItsConfigBeforeAnyOtherHasItsTurn(t *testing.T) {
	w := newWorld("cp-1", "cp-2", "cp-3", "worker-1")
	m := w.machines["cp-2"]
	m.running, m.noEtcd, m.cordoned, m.byUs = roll.Running{Maintenance: true}, true, true, true
	limits := soon()
	limits.Healthy = 5 * time.Second
	noErrors(t, w.change(t, limits, w.wanted("worker-1", "reboot"), w.wanted("cp-2", "reboot")))
	w.expect(t, "cp-1 removes cp-2 from etcd", "cp-2 configured", "cp-2 uncordoned", "worker-1 reboots", "worker-1 uncordoned")
}

func TestRoll_BeginsOnlyWhenItHasHeardOfEveryNode(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	r := w.roll(soon())
	done := make(chan error)
	go func() { done <- r.Change(t.Context(), w.wanted("cp-1", "reboot")) }()
	select {
	case err := <-done:
		t.Fatalf("it did not wait for worker-1: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	if err := r.Change(t.Context(), w.wanted("worker-1", "reboot")); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	w.expect(t, "worker-1 reboots", "worker-1 uncordoned", "cp-1 reboots", "cp-1 uncordoned")
}

func TestRoll_GoesOnWithoutANodeThatNeverComes(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	limits := soon()
	limits.Gather = 10 * time.Millisecond
	r := w.roll(limits)
	if err := r.Change(t.Context(), w.wanted("worker-1", "reboot")); err != nil {
		t.Error(err)
	}
}

func TestRoll_SaysWhatItWaitsForOnceAndWhenThatChanges(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	w.machines["worker-1"].away = 10
	noErrors(t, w.change(t, soon(), w.wanted("worker-1", "sysctl")))
	said := 0
	for _, line := range w.lines {
		if strings.Contains(line, "worker-1: waits for its Talos API") && strings.Contains(line, " left: connection refused") {
			said++
		}
	}
	if said != 1 {
		t.Errorf("told %d times:\n%s", said, strings.Join(w.lines, "\n"))
	}
}

// kubernetesConfig is a machine config with all of the images of a release.
func kubernetesConfig(release string) string {
	return fmt.Sprintf(`version: v1alpha1
machine:
    type: controlplane
    kubelet:
        image: ghcr.io/siderolabs/kubelet:%[1]s
cluster:
    controlPlane:
        endpoint: https://10.0.0.1:6443
    apiServer:
        image: registry.k8s.io/kube-apiserver:%[1]s
    controllerManager:
        image: registry.k8s.io/kube-controller-manager:%[1]s
    scheduler:
        image: registry.k8s.io/kube-scheduler:%[1]s
`, release)
}
