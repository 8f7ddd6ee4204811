package spec_test

import (
	"testing"
)

// What Longhorn reads of a node when it joins.
func TestLoad_TellsLonghornOfTheDisksOfEachNode(t *testing.T) {
	s, problems := problemsOf("testdata/valid/longhorn-on-several-disks.yaml")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	const label, annotation = "node.longhorn.io/create-default-disk", "node.longhorn.io/default-disks-config"
	for name, want := range map[string][2]string{
		"w1": {"config", `[{"name":"fast","path":"/var/mnt/fast","allowScheduling":true,"storageReserved":0,"tags":["nvme","db"]},` +
			`{"name":"bulk","path":"/var/mnt/bulk","allowScheduling":true,"storageReserved":10737418240,"tags":["hdd"]}]`},
		"w2": {"config", `[{"name":"fast","path":"/var/mnt/fast","allowScheduling":true,"storageReserved":0,"tags":["nvme","db"]}]`},
		"w4": {},
		"k1": {},
	} {
		n, _ := s.Node(name)
		if got := [2]string{n.Labels[label], n.Annotations[annotation]}; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestLoad_HasLonghornStoreOnItsNodesAlone(t *testing.T) {
	s, problems := problemsOf("testdata/valid/longhorn-on-some-workers.yaml")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for name, want := range map[string]string{"w1": "true", "w4": "", "k1": ""} {
		n, _ := s.Node(name)
		if got := n.Labels["node.longhorn.io/create-default-disk"]; got != want || len(n.Annotations) > 0 {
			t.Errorf("%s: label %q and annotations %v, want %q", name, got, n.Annotations, want)
		}
	}
}
