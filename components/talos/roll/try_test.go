package roll_test

import (
	"strings"
	"testing"
)

// network is a machine config with an address.
func network(address string) string {
	return "version: v1alpha1\nmachine:\n  type: worker\n  network:\n    interfaces:\n      - interface: eth0\n        addresses: [" + address + "]\n"
}

func TestRoll_TriesANewNetworkBeforeItKeepsIt(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	noErrors(t, w.change(t, soon(), w.wanted("worker-1", network("10.0.0.9/24"))))
	w.expect(t, "worker-1 tries", "worker-1 applied")
}

func TestRoll_TriesADocumentOfTheNetworkAlone(t *testing.T) {
	for document, did := range map[string][]string{
		"kind: LinkConfig\nname: eth0\nup: true\n":                            {"worker-1 tries", "worker-1 applied"},
		"kind: KmsgLogConfig\nname: log\nurl: tcp://10.0.0.1:514\n":           {"worker-1 applied"},
		"kind: KubeletConfig\nimage: ghcr.io/siderolabs/kubelet:v1.34.1\n":    {"worker-1 applied", "worker-1 kubelet v1.34.1"},
		"kind: UserVolumeConfig\nname: data\nprovisioning:\n  minSize: 1GB\n": {"worker-1 applied"},
	} {
		w := newWorld("cp-1", "worker-1")
		noErrors(t, w.change(t, soon(), w.wanted("worker-1", config("same")+"---\napiVersion: v1alpha1\n"+document)))
		w.expect(t, did...)
	}
}

func TestRoll_LeavesAMachineWithItsFormerNetworkThatIsNotSeenWithTheNewOne(t *testing.T) {
	w := newWorld("cp-1", "worker-1")
	err := w.change(t, soon(), w.wanted("worker-1", network("10.99.0.1/24")))["worker-1"]
	if err == nil || !strings.Contains(err.Error(), "with its new network it was not reached any more (connection refused); it has gone back to the former one") {
		t.Errorf("error %v", err)
	}
	w.expect(t, "worker-1 tries")
}
