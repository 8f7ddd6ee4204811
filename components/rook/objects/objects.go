package objects

import (
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/spec"
)

// Namespace is where Rook and Ceph live. Rook calls the cluster by it too, and
// its storage drivers begin with it.
const Namespace = "rook-ceph"

// Ceph's dashboard, as Rook serves it inside the cluster over plain HTTP: the
// gateway in front of it has the certificate
// (https://rook.io/docs/rook/latest/Storage-Configuration/Monitoring/ceph-dashboard/).
const (
	DashboardService = "rook-ceph-mgr-dashboard"
	DashboardPort    = 7000
)

// Object is a Kubernetes object.
type Object struct {
	// Name tells it apart from the others.
	Name string
	// Body is the object, with its kind and name.
	Body any
}

// Offer is one kind of storage: where the data lies, and how it is asked for.
type Offer struct {
	// Pools hold data. They are made in this order.
	Pools []Object
	// Class is the storage class.
	Class Object
	// Default says that claims that name no class get this one.
	Default bool
	// Snapshots is the snapshot class; nil for storage without snapshots.
	Snapshots *Object
}

// Set is everything that Rook is told.
type Set struct {
	// Namespace is where all of it lives.
	Namespace Object
	// Cluster is Ceph itself.
	Cluster Object
	// Internal is the pool that Ceph makes for itself.
	Internal Object
	// Offers are what the stack has on, in the order of its classes.
	Offers []Offer
}

// All lists every object, in the order in which they are made.
func (s Set) All() []Object {
	all := []Object{s.Namespace, s.Cluster, s.Internal}
	for _, offer := range s.Offers {
		all = append(append(all, offer.Pools...), offer.Class)
		if offer.Snapshots != nil {
			all = append(all, *offer.Snapshots)
		}
	}
	return all
}

// For is what a stack with Ceph tells Rook. It is an error, naming the key, when
// Rook could not do exactly what the stack says.
func For(stack *spec.Stack) (Set, error) {
	ceph := stack.Storage.RookCeph
	if ceph == nil {
		return Set{}, errors.New("storage.rookCeph: the stack has none")
	}
	nodes, err := storageNodes(stack)
	if err != nil {
		return Set{}, err
	}
	whole, err := cluster(stack, nodes)
	if err != nil {
		return Set{}, err
	}
	set := Set{
		Namespace: Object{"namespace", namespace()},
		Cluster:   Object{"cluster", whole},
		Internal:  Object{"pool-mgr", internalPool(ceph)},
	}
	if ceph.Block.Enabled {
		set.Offers = append(set.Offers, block(stack))
	}
	if ceph.Filesystem.Enabled {
		set.Offers = append(set.Offers, filesystem(stack, nodes))
	}
	if ceph.ObjectStore.Enabled {
		set.Offers = append(set.Offers, objectStore(stack, nodes))
	}
	return set, nil
}

// waitFor makes Pulumi wait until a field of the object's status has a value
// (https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/#pulumi-kubernetes-annotations).
const waitFor = "pulumi.com/waitFor"

// named is the metadata of an object of Rook's kinds. All of them tell the same
// way when they are done: a pool, only once there are disks to keep it on.
func named(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: name, Namespace: Namespace,
		Annotations: map[string]string{waitFor: "jsonpath={.status.phase}=Ready"},
	}
}

// ableNodes is how many nodes a daemon of Ceph can move to.
func ableNodes(stack *spec.Stack) int { return len(stack.LoadBalancerNodes()) }

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
