package talos_test

import (
	"strings"
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/constants"

	"github.com/home-ops/home-ops/spec"
)

// spec/known_bad.yaml leaves out what only befalls Linux 7.2 with Cilium before 1.20.2: no Talos that the library of it
// knows has that kernel.
func TestKnownBad_LinuxOfTalosIsOlderThanWhatCiliumFailsWith(t *testing.T) {
	t.Parallel()
	kernel := spec.Version("v" + strings.TrimSuffix(constants.DefaultKernelVersion, "-talos"))
	if kernel.Reaches("v7.2.0") {
		t.Errorf("Talos now has Linux %s: spec/known_bad.yaml needs an entry for https://github.com/cilium/cilium/issues/48016", constants.DefaultKernelVersion)
	}
}
