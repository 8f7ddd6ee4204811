package roll

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// Machine is one node's Talos API, at the node's own address.
type Machine interface {
	// Running tells what the machine runs; an error when it does not answer.
	Running(ctx context.Context) (Running, error)
	// DryRun asks what a config would do; detail is the machine's own words where the
	// effect is Refused.
	DryRun(ctx context.Context, config []byte) (effect Effect, detail string, err error)
	// Config is the config that it runs with. It is secret.
	Config(ctx context.Context) ([]byte, error)
	// Addresses are those that its links carry now, with the VIP where it has that.
	Addresses(ctx context.Context) ([]netip.Addr, error)
	// KubeletStarted is when the kubelet's service last started, by the machine's clock; an error while it does not run well.
	KubeletStarted(ctx context.Context) (time.Time, error)
	// Try puts a config into effect for a time, after which the machine goes back to the former one unless the config
	// is applied before. A config that cannot be tried is [ErrRefused].
	Try(ctx context.Context, config []byte, last time.Duration) error
	// Apply gives it a config.
	Apply(ctx context.Context, config []byte, mode Mode) error
	// Configure gives a machine in maintenance mode its config.
	Configure(ctx context.Context, config []byte) error
	// Reset wipes STATE and EPHEMERAL, and boots the machine into maintenance mode. With graceful a control plane gives up
	// the VIP and leaves etcd before. User volumes are kept, but for those that are named.
	Reset(ctx context.Context, graceful bool, userVolumes ...string) error
	// InstalledOn says which disk Talos runs from, and whether a config selects it as the install disk.
	InstalledOn(ctx context.Context, config []byte) (disk string, selected bool, err error)
	// Upgrade installs another image over the one that runs, and boots it.
	Upgrade(ctx context.Context, image string) error
	// Pull fetches an image of a container, so that it is there when it is wanted.
	Pull(ctx context.Context, image string) error
	// EtcdStatus and EtcdMembers ask a control plane's etcd.
	EtcdStatus(ctx context.Context) (MemberStatus, error)
	EtcdMembers(ctx context.Context) ([]Member, error)
	// ForfeitLeadership has etcd's leader hand over to another member.
	ForfeitLeadership(ctx context.Context) error
	// LeaveEtcd removes the machine's own member and its data, RemoveMember that of another machine, which is gone.
	LeaveEtcd(ctx context.Context) error
	RemoveMember(ctx context.Context, id uint64) error
}

// ErrRefused says that a machine does not take a config.
var ErrRefused = errors.New("the machine refuses the config")

// ErrNoNode says that Kubernetes knows no node of a name.
var ErrNoNode = errors.New("no such node is known to Kubernetes")

func isNotFound(err error) bool { return errors.Is(err, ErrNoNode) }

// Cluster is the Kubernetes API.
type Cluster interface {
	// APIReady asks the API server of one control plane, at the node's own address,
	// whether it is ready.
	APIReady(ctx context.Context, node Node) error
	// Node is one node, as Kubernetes sees it; [ErrNoNode] when there is none of the name.
	Node(ctx context.Context, name string) (NodeState, error)
	// Cordon keeps new pods off a node, and notes that this program did so; Uncordon
	// takes both back.
	Cordon(ctx context.Context, name string) error
	Uncordon(ctx context.Context, name string) error
	// Pods are those on a node that have to leave before it goes down.
	Pods(ctx context.Context, node string) ([]Pod, error)
	// Evict asks a pod to leave; a [BudgetError] says that it may not go yet.
	Evict(ctx context.Context, pod Pod) error
	// ControlPlane is the release of each component of a control plane whose static
	// pod is ready.
	ControlPlane(ctx context.Context, node string) (map[string]string, error)
	// SecretsOf are the versions of the secrets with which the components of a control plane run whose static pods are ready.
	SecretsOf(ctx context.Context, node string) (map[string]string, error)
	// Shows is nil when the API server of one control plane, at the node's own address, shows a certificate of an authority,
	// whose own certificate is PEM.
	Shows(ctx context.Context, node Node, authority []byte) error
	// PodsTrust is the certificate of the authority, or of those, by which pods that start know the API server; PEM.
	PodsTrust(ctx context.Context) (string, error)
	// Heartbeat is when a node's kubelet last renewed its lease, by its own clock.
	Heartbeat(ctx context.Context, node string) (time.Time, error)
	// DeleteNode removes a node object; one that is not there is no error.
	DeleteNode(ctx context.Context, name string) error
	// Disks are the deployments by which Ceph keeps data on a node.
	Disks(ctx context.Context, node string) ([]string, error)
	// OnVar are the claims whose volumes lie in folders of a node, on EPHEMERAL or in one of the folders that are named, and
	// are lost when it is wiped.
	OnVar(ctx context.Context, node string, folders []string) ([]string, error)
	// Storage is nil when Ceph and Longhorn bear the loss of a node, or are not there.
	Storage(ctx context.Context) error
	// StorageChecked is another word each time when storage has looked at itself; empty where it always tells what is.
	StorageChecked(ctx context.Context) (string, error)
}

// NodeState is a node, as Kubernetes sees it.
type NodeState struct {
	Ready bool
	// Why says why it is not ready.
	Why string
	// BootID is that of the boot in which the kubelet last reported: what Kubernetes says
	// of a node that has just booted again may be from before.
	BootID string
	// Kubelet is the kubelet's release, with its leading v.
	Kubelet string
	// Cordoned keeps new pods off; ByUs when this program did it.
	Cordoned, ByUs bool
}

// Pod is a pod that can be moved.
type Pod struct{ Namespace, Name string }

func (p Pod) String() string { return p.Namespace + "/" + p.Name }

// BudgetError says that a disruption budget keeps a pod where it is.
type BudgetError struct {
	Pod Pod
	// Reason is the API server's, with the names of the budgets where they are known.
	Reason string
}

func (e BudgetError) Error() string { return e.Pod.String() + ": " + e.Reason }
