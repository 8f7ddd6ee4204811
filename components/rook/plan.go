package rook

import (
	"errors"
	"fmt"
	"time"

	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

const (
	// namespaceName is where Rook and Ceph live. Rook calls the Ceph cluster by it too,
	// and the names of the storage drivers begin with it.
	namespaceName = "rook-ceph"
	// registry is where every release of the operator's chart is. The OCI registry has
	// it from v1.16.6 on
	// (https://rook.io/docs/rook/latest/Helm-Charts/operator-chart/).
	registry = "https://charts.rook.io/release"
	// driversRegistry is where the chart of the CSI drivers is
	// (https://rook.io/docs/rook/latest/Helm-Charts/csi-drivers-chart/).
	driversRegistry = "https://ceph.github.io/ceph-csi-operator"

	// operatorTimeout is how long the operator may take to run.
	operatorTimeout = 10 * time.Minute
	// cephTimeout is how long Ceph may take over one object. A first start pulls images
	// of a gigabyte over a home's line; an upgrade restarts every disk in turn.
	cephTimeout = 30 * time.Minute
)

// The steps that others wait for.
const (
	namespaceStep       = "namespace"
	operatorStep        = "operator"
	driversStep         = "csi-drivers"
	clusterStep         = "cluster"
	blockPoolStep       = "pool-block"
	filesystemStep      = "filesystem"
	volumeGroupStep     = "filesystem-volumes"
	objectStoreStep     = "objectstore"
	blockClassStep      = "class-block"
	filesystemClassStep = "class-filesystem"
)

// Plan is what a stack with Ceph puts into the cluster; nil for a stack without. It is
// an error, naming the key, when Rook could not do exactly what the stack says.
func Plan(stack *spec.Stack) (plan.Steps, error) {
	ceph := stack.Storage.RookCeph
	if ceph == nil {
		return nil, nil
	}
	nodes, err := storageNodes(stack)
	if err != nil {
		return nil, err
	}
	cluster, err := cephCluster(stack, nodes)
	if err != nil {
		return nil, err
	}
	operator, err := operator(stack)
	if err != nil {
		return nil, err
	}

	steps := plan.Steps{
		// The namespace takes everything in it along, and with it the keys of Ceph.
		{Name: namespaceStep, Object: namespace(), Keep: plan.Protect},
	}
	for _, policy := range policies(ceph) {
		steps = append(steps, plan.Step{
			Name: "policy-" + policy.Name, Object: policy, After: []string{namespaceStep}, Needs: []plan.Condition{plan.Network},
		})
	}
	steps = append(steps, operator)
	// The order that Rook's makers want: operator, drivers, cluster.
	last := operatorStep
	if stack.HasCSIDriversChart() {
		drivers, err := drivers(stack)
		if err != nil {
			return nil, err
		}
		steps, last = append(steps, drivers), driversStep
	}
	steps = append(steps,
		dataStep(clusterStep, cluster, last),
		dataStep("pool-mgr", managerPool(ceph), clusterStep),
	)
	if ceph.Block.Enabled {
		steps = append(steps,
			dataStep(blockPoolStep, blockPool(ceph), clusterStep),
			classStep(blockClassStep, blockClass(stack), blockPoolStep),
		)
	}
	if ceph.Filesystem.Enabled {
		steps = append(steps,
			dataStep(filesystemStep, filesystem(stack, nodes), clusterStep),
			dataStep(volumeGroupStep, volumeGroup(), filesystemStep),
			classStep(filesystemClassStep, filesystemClass(stack), volumeGroupStep),
		)
	}
	if ceph.ObjectStore.Enabled {
		steps = append(steps,
			dataStep(objectStoreStep, objectStore(stack, nodes), clusterStep),
			classStep("class-bucket", bucketClass(ceph.ObjectStore), objectStoreStep),
		)
	}
	steps = append(steps, extraPoolSteps(stack)...)
	return steps, steps.Check()
}

// operator brings Rook's kinds. The release is ready once the operator runs: until
// then nobody acts on an object of these kinds. It is kept: the chart brings the kinds
// of csi.ceph.io, which Helm takes away with it, and the drivers of every mounted volume
// would go with them.
func operator(stack *spec.Stack) (plan.Step, error) {
	values, err := operatorValues(stack)
	return plan.Step{
		Name: operatorStep,
		Release: &plan.Release{
			Name: "rook-ceph", Namespace: namespaceName,
			Chart:   plan.Chart{Registry: registry, Name: "rook-ceph", Version: string(stack.Versions.RookCeph)},
			Values:  values,
			Timeout: operatorTimeout,
		},
		After: []string{namespaceStep},
		Needs: []plan.Condition{plan.Network},
		Keep:  plan.Protect,
	}, err
}

// dataStep makes an object that holds data.
func dataStep(name string, object any, after string) plan.Step {
	return plan.Step{Name: name, Object: object, After: []string{after}, Keep: plan.Protect, Timeout: cephTimeout}
}

// classStep makes a storage class after the pools behind it: a claim that came earlier
// would fail over and over, ever more slowly.
func classStep(name string, class any, after string) plan.Step {
	return plan.Step{Name: name, Object: class, After: []string{after}}
}

// defaultClass is the step that makes the default storage class. It is empty when the
// default class is none of Ceph's.
func defaultClass(stack *spec.Stack) string {
	switch stack.Storage.DefaultClass {
	case rbd.class:
		return blockClassStep
	case cephfs.class:
		return filesystemClassStep
	}
	for _, p := range stack.Storage.RookCeph.Pools {
		if p.Class() == stack.Storage.DefaultClass {
			return extraClassStep(p.Class())
		}
	}
	return ""
}

// storageNodes are the nodes whose disks Ceph takes.
func storageNodes(stack *spec.Stack) ([]spec.Node, error) {
	var nodes []spec.Node
	var errs []error
	for i, storage := range stack.Storage.RookCeph.Nodes {
		node, ok := stack.Node(storage.Name)
		if !ok {
			errs = append(errs, fmt.Errorf("storage.rookCeph.nodes[%d].name: no node is called %q", i, storage.Name))
			continue
		}
		nodes = append(nodes, node)
	}
	return nodes, errors.Join(errs...)
}
