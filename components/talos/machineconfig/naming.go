package machineconfig

import (
	"strings"

	"github.com/siderolabs/go-pointer"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"

	"github.com/home-ops/home-ops/spec"
)

// registerName has the kubelet call a node by the whole of a name of several
// parts. Talos gives the first part alone otherwise, and the plan would speak of
// a node that is not there
// (https://www.talos.dev/latest/reference/configuration/v1alpha1/config/#Config.machine.kubelet).
func registerName(kubelet *v1alpha1.KubeletConfig, node spec.Node) {
	if hasDomain(node) {
		kubelet.KubeletRegisterWithFQDN = pointer.To(true)
	}
}

func hasDomain(node spec.Node) bool { return strings.Contains(node.Name, ".") }
