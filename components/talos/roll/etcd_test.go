package roll

import (
	"errors"
	"testing"
)

func TestEtcd_BearsTheLossOfAMemberOnlyWhenAllOthersWork(t *testing.T) {
	healthy := func() etcdState {
		return etcdState{
			planes:  []string{"cp-1", "cp-2", "cp-3"},
			members: []Member{{ID: 1, Name: "cp-1"}, {ID: 2, Name: "cp-2"}, {ID: 3, Name: "cp-3"}},
			statuses: map[string]MemberStatus{
				"cp-1": {ID: 1, Leader: 1}, "cp-2": {ID: 2, Leader: 1}, "cp-3": {ID: 3, Leader: 1},
			},
			problems: map[string]error{},
		}
	}
	for name, test := range map[string]struct {
		change func(*etcdState)
		down   string
		want   string
	}{
		"all work":                  {func(*etcdState) {}, "cp-2", ""},
		"the one that goes is away": {func(e *etcdState) { delete(e.statuses, "cp-2"); e.problems["cp-2"] = errors.New("refused") }, "cp-2", ""},
		"another is away":           {func(e *etcdState) { delete(e.statuses, "cp-3"); e.problems["cp-3"] = errors.New("refused") }, "cp-2", "etcd on cp-3 does not answer: refused"},
		"all are asked for":         {func(e *etcdState) { delete(e.statuses, "cp-3"); e.problems["cp-3"] = errors.New("refused") }, "", "etcd on cp-3 does not answer: refused"},
		"another only learns":       {func(e *etcdState) { e.statuses["cp-3"] = MemberStatus{ID: 3, Leader: 1, Learner: true} }, "cp-2", "etcd on cp-3 is still a learner"},
		"nobody leads":              {func(e *etcdState) { e.statuses["cp-3"] = MemberStatus{ID: 3} }, "cp-2", "etcd on cp-3 knows no leader"},
		// What the etcd of a machine says that does not see the others (rack/kube, cluster_parted_test.go).
		"another is parted": {func(e *etcdState) {
			e.statuses["cp-3"] = MemberStatus{ID: 3, Errors: []string{"etcdserver: no leader"}}
		}, "cp-2", "etcd on cp-3 knows no leader"},
		"nobody tells the members": {func(e *etcdState) { e.members, e.unlisted = nil, errors.New("silence") }, "cp-2", "etcd's members are not known: silence"},
		"two lead":                 {func(e *etcdState) { e.statuses["cp-3"] = MemberStatus{ID: 3, Leader: 3} }, "cp-2", "etcd's members do not agree on the leader"},
		"another has an alarm":     {func(e *etcdState) { e.statuses["cp-3"] = MemberStatus{ID: 3, Leader: 1, Errors: []string{"NOSPACE"}} }, "cp-2", "etcd on cp-3: [NOSPACE]"},
		"a removed machine is still a member": {
			func(e *etcdState) { e.members = append(e.members, Member{ID: 0xabc, Name: "cp-9"}) }, "cp-2",
			"etcd has a member cp-9 that is no control plane of this stack, and counts for the quorum: remove it with `talosctl etcd remove-member 0000000000000abc`",
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := healthy()
			test.change(&e)
			got := ""
			if err := e.bearsLoss(test.down); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestEtcd_HasAQuorumWhileMoreThanHalfHaveALeader(t *testing.T) {
	state := func(leaders ...uint64) (e etcdState) {
		e.statuses = map[string]MemberStatus{}
		for i, leader := range leaders {
			name := []string{"cp-1", "cp-2", "cp-3"}[i]
			e.planes = append(e.planes, name)
			e.statuses[name] = MemberStatus{ID: uint64(i + 1), Leader: leader}
		}
		return e
	}
	learns := state(1, 1, 0)
	learns.members = []Member{{ID: 1, Name: "cp-1"}, {ID: 2, Name: "cp-2"}, {ID: 3, Name: "cp-3", Learner: true}}
	for name, c := range map[string]struct {
		state etcdState
		want  string
	}{
		"all of three": {state(1, 1, 1), ""},
		"two of three": {state(0, 2, 2), ""},
		"one of three": {state(1, 0, 0), "etcd has no quorum: 1 of 3 members have a leader, and 2 are needed; nothing is written until then"},
		"none of two":  {state(0, 0), "etcd has no quorum: 0 of 2 members have a leader, and 2 are needed; nothing is written until then"},
		"one of two":   {state(1, 0), "etcd has no quorum: 1 of 2 members have a leader, and 2 are needed; nothing is written until then"},
		"a learner":    {learns, ""},
	} {
		got := ""
		if err := c.state.quorate(); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
