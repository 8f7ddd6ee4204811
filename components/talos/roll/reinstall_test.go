package roll_test

import (
	"strings"
	"testing"

	"github.com/home-ops/home-ops/components/talos/roll"
)

// anew is a node that is to be installed anew with a word, and a config that does more.
func (w *world) anew(name, word string, more ...string) roll.Node {
	n := w.wanted(name, strings.Replace(config("encrypted"+strings.Join(more, "")), "  sysctls", "  nodeAnnotations: { home-ops/reinstall: "+word+" }\n  sysctls", 1))
	n.Reinstall = word
	return n
}

func TestReinstall_WipesAMachineAndGivesItItsConfigOneAfterTheOther(t *testing.T) {
	w := newWorld("cp-1", "cp-2", "cp-3", "worker-1", "worker-2")
	noErrors(t, w.change(t, soon(), w.anew("worker-2", "first"), w.anew("cp-1", "first"), w.anew("worker-1", "first")))
	w.expect(t, "worker-1 is reset", "worker-1 configured", "worker-1 uncordoned",
		"worker-2 is reset", "worker-2 configured", "worker-2 uncordoned",
		"cp-2 leads", "cp-1 is reset", "cp-1 configured", "cp-1 uncordoned")
	if w.mostDown != 1 {
		t.Errorf("%d machines were away at once", w.mostDown)
	}
	for _, name := range []string{"worker-1", "worker-2", "cp-1"} {
		if m := w.machines[name]; len(m.pods) > 0 || m.cordoned || m.leftEtcd || !strings.Contains(m.config, "encrypted") {
			t.Errorf("%s: pods %v, cordoned %t, out of etcd %t, config %s", name, m.pods, m.cordoned, m.leftEtcd, m.config)
		}
	}
}

func TestReinstall_OfOneOfTwoControlPlanesLeavesTheOtherAQuorum(t *testing.T) {
	w := newWorld("cp-1", "cp-2")
	noErrors(t, w.change(t, soon(), w.anew("cp-2", "first")))
	w.expect(t, "cp-2 is reset", "cp-2 configured", "cp-2 uncordoned")
}

func TestReinstall_IsDoneOnceForAWord(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	m := w.machines["worker-1"]
	m.config = string(w.anew("worker-1", "first").Config)
	noErrors(t, w.change(t, soon(), w.anew("worker-1", "first", "-more")))
	w.expect(t, "worker-1 applied")
	noErrors(t, w.change(t, soon(), w.anew("worker-1", "second")))
	w.expect(t, "worker-1 applied", "worker-1 is reset", "worker-1 configured", "worker-1 uncordoned")
}

func TestReinstall_SkipsTheResetOfAMachineThatHasNothing(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	w.machines["worker-1"].running = roll.Running{Maintenance: true}
	noErrors(t, w.change(t, soon(), w.anew("worker-1", "disk", "another-disk")))
	w.expect(t, "worker-1 configured")
}

func TestReinstall_FindsTheMachineWhereDHCPPutsIt(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	g := w.away("worker-1")
	g.gone, g.is.away, g.is.lease = true, 0, g
	noErrors(t, w.change(t, soon(), w.anew("worker-1", "first")))
	w.expect(t, "worker-1 is reset", "worker-1 configured", "worker-1 moves", "worker-1 uncordoned")
}

func TestReinstall_TouchesNothingWhereItCannotBe(t *testing.T) {
	for name, c := range map[string]struct {
		names  []string
		node   string
		config string
		damage func(*world, *roll.Node)
		want   string
	}{
		"the only control plane": {
			[]string{"cp-1", "worker-1"},
			"cp-1", "", func(*world, *roll.Node) {},
			"nothing was touched:\ncp-1 is the only control plane, and etcd would be lost with it",
		},
		"another disk while the machine runs": {
			[]string{"cp-1", "worker-1"},
			"worker-1", "another-disk", func(*world, *roll.Node) {},
			"nothing was touched:\nworker-1 runs from /dev/sda, which its installDisk does not select, and boots from there as long as Talos is on it: " +
				"wipe that disk (`talosctl --nodes 10.0.50.2 reset --wipe-mode system-disk --reboot`) or take it out, boot the machine from Talos's image, and run `pulumi up` again",
		},
		"another Talos": {
			[]string{"cp-1", "worker-1"},
			"worker-1", "", func(_ *world, n *roll.Node) { n.Talos = newTalos },
			"nothing was touched:\nworker-1 runs Talos v1.11.1, schematic plain, and is to be installed anew with v1.12.0, plain: apply these first, with the reinstall that it has",
		},
		"another Kubernetes": {
			[]string{"cp-1", "worker-1"},
			"worker-1", "", func(_ *world, n *roll.Node) { n.Kubernetes = newKubernetes },
			"nothing was touched:\nworker-1 runs the kubelet v1.34.1, and is to be installed anew with v1.35.0: apply that first, with the reinstall that it has",
		},
		"a volume that would be lost": {
			[]string{"cp-1", "worker-1"},
			"worker-1", "", func(w *world, _ *roll.Node) { w.machines["worker-1"].onVar = []string{"media/plex"} },
			"worker-1: volumes of media/plex lie on its EPHEMERAL, and have no copy elsewhere: move their data, and delete the claims",
		},
	} {
		w := newWorld(c.names...)
		w.away("worker-1").is.away = 0
		w.guests, w.seeker = nil, nil
		node := w.anew(c.node, "first", c.config)
		c.damage(w, &node)
		if err := w.change(t, soon(), node)[c.node]; err == nil || err.Error() != c.want {
			t.Errorf("%s:\ngot  %v\nwant %s", name, err, c.want)
		}
		w.expect(t)
	}
}

// A state that was lost says nothing of the word, and the provider would write it without a reinstall.
func TestAdd_RefusesAMachineThatRunsWithoutItsReinstall(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	err := w.roll(soon()).Add(t.Context(), w.anew("worker-1", "first"))
	want := `worker-1 runs, and was installed with reinstall "", not "first", while the state knows nothing of it: apply the stack file with the former word (and what came with it) first`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	w.machines["worker-1"].config = string(w.anew("worker-1", "first").Config)
	if err := w.roll(soon()).Add(t.Context(), w.anew("worker-1", "first")); err != nil {
		t.Error(err)
	}
}

func TestReinstall_KilledAtAnyMomentIsCompletedByTheNextOne(t *testing.T) {
	killedAtAnyMoment(t, []string{"cp-1", "cp-2", "worker-1"}, func(w *world, name string) roll.Node { return w.anew(name, "first") },
		func(m *machine) bool {
			return m.resets == 1 && !m.running.Maintenance && !m.leftEtcd && strings.Contains(m.config, "encrypted")
		})
}

func TestKubeAPI_KnowsTheVolumesThatLieOnEphemeral(t *testing.T) {
	volume := func(claim, source, node string) string {
		affinity := ""
		if node != "" {
			affinity = `,"nodeAffinity":{"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"kubernetes.io/hostname","operator":"In","values":["` + node + `"]}]}]}}`
		}
		return `{"spec":{"claimRef":{"namespace":"media","name":"` + claim + `"},` + source + affinity + `}}`
	}
	api, _ := apiServer(t, 200, map[string]string{"GET /api/v1/persistentvolumes": `{"items":[` + strings.Join([]string{
		volume("on-var", `"local":{"path":"/var/openebs/local/x"}`, "worker-1"),
		volume("of-a-path", `"hostPath":{"path":"/var/local-path/x"}`, "worker-1"),
		volume("anywhere", `"hostPath":{"path":"/var/data"}`, ""),
		volume("in-a-folder", `"local":{"path":"/var/mnt/cache/x"}`, "worker-1"),
		volume("on-a-disk", `"local":{"path":"/var/mnt/cached/x"}`, "worker-1"),
		volume("elsewhere", `"local":{"path":"/var/openebs/local/x"}`, "worker-2"),
		volume("of-ceph", `"csi":{"driver":"rook-ceph.rbd.csi.ceph.com"}`, ""),
		`{"spec":{"local":{"path":"/var/free"}}}`,
	}, ",") + `]}`})
	claims, err := api.OnVar(t.Context(), "worker-1", []string{"/var/mnt/cache"})
	if got := strings.Join(claims, " "); err != nil || got != "media/on-var media/of-a-path media/anywhere media/in-a-folder" {
		t.Errorf("%s, %v", got, err)
	}
}
