package rook

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/rook/rookio"
	"github.com/home-ops/home-ops/spec"
)

// cephCluster is Ceph on the disks that the stack names, and on no others. The nodes
// are those that have the disks.
func cephCluster(stack *spec.Stack, nodes []spec.Node) (*rookio.CephCluster, error) {
	ceph := stack.Storage.RookCeph
	disks, err := namedDisks(ceph)
	if err != nil {
		return nil, err
	}
	network, err := cephNetwork(stack, nodes)
	if err != nil {
		return nil, err
	}
	return &rookio.CephCluster{
		TypeMeta: rookio.Type("CephCluster"),
		// Rook knows the cluster by its namespace; the object has the same name.
		ObjectMeta: named(namespaceName),
		Spec: rookio.CephClusterSpec{
			CephVersion: rookio.CephVersion{Image: "quay.io/ceph/ceph:" + string(stack.Versions.Ceph)},
			// A node that loses it loses its monitor, which the other monitors build again, and none of its disks.
			DataDirHostPath: ceph.DataDir(),
			// One node at a time, and the next only when every copy is there again.
			UpgradeOSDRequiresHealthyPGs: true,
			Mon:                          rookio.Daemons{Count: ceph.Monitors, AllowMultiplePerNode: ceph.MonitorsShareNodes},
			// One manager works, and one takes over when it ends.
			Mgr:       rookio.Daemons{Count: min(daemonNodes(stack), 2)},
			Dashboard: rookio.Dashboard{Enabled: ceph.Dashboard},
			// Flux brings the Prometheus operator's kinds, after this object.
			Monitoring: rookio.Monitoring{},
			Network:    network,
			// The daemons log to standard output, where every other pod's logs are read.
			LogCollector:   rookio.LogCollector{},
			CrashCollector: rookio.CrashCollector{DaysToRetain: 15},
			// Empty: Rook wipes no disk when this object is deleted.
			CleanupPolicy:        rookio.CleanupPolicy{},
			Placement:            placements(nodes),
			Resources:            clusterResources(),
			PriorityClassNames:   map[string]string{"mon": nodeCritical, "osd": nodeCritical, "mgr": clusterCritical},
			DisruptionManagement: rookio.DisruptionManagement{ManagePodBudgets: true},
			Storage:              disks,
		},
	}, nil
}

// waitFor makes Pulumi wait until a field of the object's status has a value
// (https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/#pulumi-kubernetes-annotations).
const waitFor = "pulumi.com/waitFor"

// named is the metadata of an object of Rook's kinds. All of them have the same phase
// when they are done. A pool has it only once there are disks to keep it on.
func named(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: name, Namespace: namespaceName,
		Annotations: map[string]string{waitFor: "jsonpath={.status.phase}=Ready"},
	}
}

// daemonNodes is the number of nodes on which a daemon of Ceph that has no disk may run.
func daemonNodes(stack *spec.Stack) int { return len(stack.LoadBalancerNodes()) }
