package longhorn

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// oneDisk is a disk that takes replicas.
var oneDisk = map[string]bool{"disk": true}

// begin is when the tests begin.
var begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// moment of a test: the boots of the nodes a, b and c, and perhaps d, at a second; one that is "" is away, one that is "-" is none.
type second struct {
	at       int
	boots    [4]string
	attached bool
	want     string
}

func TestCopies_AreWholeAgainWhenTheyHaveCopiedWhatTheyMissed(t *testing.T) {
	const in, out = true, false
	all := [4]string{"1", "1", "1", "-"}
	for name, test := range map[string]struct {
		wanted  int
		seconds []second
	}{
		"a node that reboots": {3, []second{
			{0, all, in, Healthy},
			{1, [4]string{"1", "", "1", "-"}, in, Degraded},
			{9, [4]string{"1", "", "1", "-"}, in, Degraded},
			{10, [4]string{"1", "2", "1", "-"}, in, Degraded},
			{14, [4]string{"1", "2", "1", "-"}, in, Degraded},
			{15, [4]string{"1", "2", "1", "-"}, in, Healthy},
		}},
		"a node that rebooted while nobody looked": {3, []second{
			{0, all, in, Healthy}, {1, [4]string{"1", "2", "1", "-"}, in, Degraded}, {6, [4]string{"1", "2", "1", "-"}, in, Healthy},
		}},
		"a node that goes again while it is rebuilt": {3, []second{
			{0, all, in, Healthy},
			{1, [4]string{"1", "2", "1", "-"}, in, Degraded},
			{4, [4]string{"1", "", "1", "-"}, in, Degraded},
			{5, [4]string{"1", "3", "1", "-"}, in, Degraded},
			{7, [4]string{"1", "3", "1", "-"}, in, Degraded},
			{10, [4]string{"1", "3", "1", "-"}, in, Healthy},
		}},
		"two nodes, one after the other, before the first is rebuilt": {2, []second{
			{0, [4]string{"1", "1", "-", "-"}, in, Healthy},
			{1, [4]string{"2", "1", "-", "-"}, in, Degraded},
			{2, [4]string{"2", "", "-", "-"}, in, Faulted},
			// What a has is old. The last one that failed is salvaged when it is back, and then a can be rebuilt.
			{20, [4]string{"2", "", "-", "-"}, in, Faulted},
			{21, [4]string{"2", "2", "-", "-"}, in, Degraded},
			{26, [4]string{"2", "2", "-", "-"}, in, Healthy},
		}},
		"all at once": {3, []second{
			{0, all, in, Healthy}, {1, [4]string{"", "", "", "-"}, out, Unknown}, {9, [4]string{"2", "2", "2", "-"}, in, Healthy},
		}},
		"one copy alone": {1, []second{
			{0, all, in, Healthy}, {1, [4]string{"", "1", "1", "-"}, in, Faulted}, {2, [4]string{"2", "1", "1", "-"}, in, Healthy},
		}},
		"nobody writes meanwhile": {3, []second{
			{0, all, out, Unknown},
			{1, [4]string{"1", "", "1", "-"}, out, Unknown},
			{2, [4]string{"1", "2", "1", "-"}, out, Unknown},
			{3, [4]string{"1", "2", "1", "-"}, in, Healthy},
		}},
		"fewer nodes than copies": {3, []second{
			{0, [4]string{"1", "1", "-", "-"}, in, Degraded}, {60, [4]string{"1", "1", "-", "-"}, in, Degraded},
		}},
		"another node in the place of one that has left": {3, []second{
			{0, [4]string{"1", "1", "1", "1"}, in, Healthy},
			{1, [4]string{"1", "-", "1", "1"}, in, Degraded},
			{6, [4]string{"1", "-", "1", "1"}, in, Healthy},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			c := copies{volume: "v", wanted: test.wanted}
			for _, s := range test.seconds {
				hosts := map[string]host{}
				for i, boot := range s.boots {
					if boot != "-" {
						hosts[string(rune('a'+i))] = host{boot: boot, stores: true, disks: oneDisk}
					}
				}
				c.attached = s.attached
				c.look(begin.Add(time.Duration(s.at)*time.Second), hosts)
				if got := c.robustness(hosts); got != s.want {
					t.Errorf("second %d: %s, want %s: %+v", s.at, got, s.want, c.replicas)
				}
			}
		})
	}
}

func TestCopies_AreOnNodesThatStoreAndEachOnItsOwn(t *testing.T) {
	c := copies{volume: "v", wanted: 3, attached: true}
	c.look(begin, map[string]host{"a": {"1", true, oneDisk}, "b": {"1", false, oneDisk}, "c": {"1", true, oneDisk}, "d": {"", true, oneDisk}})
	if len(c.replicas) != 2 || c.replicas[0].node != "a" || c.replicas[1].node != "c" {
		t.Errorf("%+v", c.replicas)
	}
}

func TestCopies_AreMadeAnewOnAnotherDiskAndTheLostOnesStay(t *testing.T) {
	hosts := func(of string) map[string]host {
		all := map[string]host{}
		for _, name := range []string{"a", "b", "c"} {
			all[name] = host{boot: "1", stores: true, disks: map[string]bool{"disk-" + name: true}}
		}
		switch of {
		case "dead":
			all["b"] = host{boot: "1", stores: true, disks: nil}
		case "exchanged":
			all["b"] = host{boot: "1", stores: true, disks: map[string]bool{"disk-new": true}}
		}
		return all
	}
	c := copies{volume: "v", wanted: 3, attached: true}
	at := func(second int, of, want string, replicas int) {
		t.Helper()
		c.look(begin.Add(time.Duration(second)*time.Second), hosts(of))
		if got := c.robustness(hosts(of)); got != want || len(c.replicas) != replicas {
			t.Errorf("second %d: %s with %d replicas, want %s with %d: %+v", second, got, len(c.replicas), want, replicas, c.replicas)
		}
	}
	at(0, "whole", Healthy, 3)
	at(1, "dead", Degraded, 3)
	at(100, "dead", Degraded, 3)
	at(101, "exchanged", Degraded, 4)
	at(106, "exchanged", Healthy, 4)
	if lost := c.replicas[1]; lost.name != "v-r-b" || lost.whole() || c.replicas[2].name != "v-r-b-disk-new" {
		t.Errorf("%+v", c.replicas)
	}
	// Its owner has deleted the lost one.
	c.replicas = append(c.replicas[:1:1], c.replicas[2:]...)
	at(107, "exchanged", Healthy, 3)
}

func TestExamine_TakesNoDiskForAnotherOne(t *testing.T) {
	first := []Mount{{Path: "/var/mnt/longhorn", Filesystem: "first"}}
	wanted := defaults(first)
	name, uuid := first[0].disk(), first[0].uuid()
	status, ready := examine("b", wanted, nil, first)
	if status[name].UUID != uuid || len(ready) != 1 || !ready[uuid] {
		t.Fatalf("%+v, %v", status, ready)
	}
	for why, mounts := range map[string][]Mount{
		"NoDiskInfo Disk NAME(/var/mnt/longhorn) on node b is not ready: failed to get disk config: error: input/output error":          {{Path: "/var/mnt/longhorn", Filesystem: "first", Err: errors.New("input/output error")}},
		"NoDiskInfo Disk NAME(/var/mnt/longhorn) on node b is not ready: failed to get disk config: error: no such file or directory":   nil,
		"DiskFilesystemChanged Disk NAME(/var/mnt/longhorn) on node b is not ready: record diskUUID doesn't match the one on the disk ": {{Path: "/var/mnt/longhorn", Filesystem: "second"}},
	} {
		now, ready := examine("b", wanted, status, mounts)
		if c := now[name].Conditions[0]; c.Reason+" "+c.Message != strings.ReplaceAll(why, "NAME", name) || len(ready) != 0 || now[name].UUID != uuid {
			t.Errorf("%s: %+v, %v", why, now, ready)
		}
		if c := now[name].Conditions[1]; c.Status != "False" || c.Reason != "DiskNotReady" {
			t.Errorf("%s: %+v", why, c)
		}
	}
}
