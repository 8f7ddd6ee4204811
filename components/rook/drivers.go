package rook

import (
	_ "embed"

	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/internal/chartvalues"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

//go:embed values/ceph-csi-drivers.yaml
var driversFile []byte

// driverValues is the part of the drivers' values that the stack decides, under the
// chart's own names.
type driverValues struct {
	Drivers struct {
		RBD    chosenDriver `json:"rbd"`
		CephFS chosenDriver `json:"cephfs"`
	} `json:"drivers"`
}

type chosenDriver struct {
	Enabled    bool `json:"enabled"`
	NodePlugin struct {
		Tolerations []corev1.Toleration `json:"tolerations,omitempty"`
	} `json:"nodePlugin"`
	ControllerPlugin struct {
		Replicas int `json:"replicas"`
	} `json:"controllerPlugin"`
}

// drivers are Ceph's CSI drivers from the chart that Rook leaves them to from v1.20 on.
// The release has the name that Rook v1.19 writes on the drivers which it made itself,
// so that Helm takes them over. It is kept: without the drivers no mounted volume could
// be unmounted.
func drivers(stack *spec.Stack) (plan.Step, error) {
	ceph := stack.Storage.RookCeph
	var decided driverValues
	for d, enabled := range map[*chosenDriver]bool{&decided.Drivers.RBD: ceph.HasBlock(), &decided.Drivers.CephFS: ceph.Filesystem.Enabled} {
		d.Enabled = enabled
		d.ControllerPlugin.Replicas = provisioners(stack)
		d.NodePlugin.Tolerations = tolerations(workloadNodes(stack))
	}
	values, err := chartvalues.Over("components/rook/values/ceph-csi-drivers.yaml", driversFile, decided)
	return plan.Step{
		Name: driversStep,
		Release: &plan.Release{
			Name: "ceph-csi-drivers", Namespace: namespaceName,
			Chart:   plan.Chart{Registry: driversRegistry, Name: "ceph-csi-drivers", Version: string(stack.Versions.CephCSIDrivers)},
			Values:  values,
			Timeout: operatorTimeout,
		},
		// The operator's chart has the kinds.
		After: []string{operatorStep},
		Keep:  plan.Protect,
	}, err
}
