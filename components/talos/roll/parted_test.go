package roll_test

import (
	"context"
	"strings"
	"testing"
	"time"
)

// parted is a cluster of three control planes of which the first, the leader so far, does not see the others.
func parted() *world {
	w := newWorld("cp-1", "cp-2", "cp-3", "worker-1")
	w.leader = "cp-2"
	w.machines["cp-1"].parted = true
	return w
}

func TestRoll_TakesNoOtherControlPlaneDownWhileOneDoesNotSeeItsPeers(t *testing.T) {
	w := parted()
	limits := soon()
	limits.Healthy = 300 * time.Millisecond
	errs := w.change(t, limits, w.wanted("cp-3", "reboot"))
	if err := errs["cp-3"]; err == nil || !strings.Contains(err.Error(), "etcd on cp-1 knows no leader") {
		t.Errorf("error %v", err)
	}
	w.expect(t)
}

func TestEtcdWell_NamesTheMemberThatIsParted(t *testing.T) {
	w := parted()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	err := w.roll(soon()).EtcdWell(ctx)
	if want := "etcd on cp-1 knows no leader"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if ctx.Err() != nil {
		t.Error("the parted member was asked for the list of members, which it does not tell")
	}
	w.machines["cp-1"].parted = false
	if err := w.roll(soon()).EtcdWell(t.Context()); err != nil {
		t.Errorf("when it is mended: %v", err)
	}
}

func TestEtcdWell_SaysThatTwoPartedMembersHaveNoQuorum(t *testing.T) {
	w := newWorld("cp-1", "cp-2")
	w.machines["cp-1"].parted, w.machines["cp-2"].parted = true, true
	want := "etcd has no quorum: 0 of 2 members have a leader, and 2 are needed; nothing is written until then\n" +
		"etcd on cp-1 knows no leader\netcd on cp-2 knows no leader"
	if err := w.roll(soon()).EtcdWell(t.Context()); err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}
