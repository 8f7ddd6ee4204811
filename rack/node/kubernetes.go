package node

import (
	"context"
	"io"
	"net/netip"

	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/config"
)

// Kubernetes is what a configured node runs besides Talos itself: etcd, the control plane, the kubelet.
// The node calls it as machined calls the real ones; it never looks inside. Boot, Reconfigure and Shutdown are not
// called at the same time; the others may be called at any time, also before Boot and after Shutdown.
type Kubernetes interface {
	// Boot is called each time the node reaches running; it starts what the config asks for and returns soon.
	// On a control plane etcd waits for Bootstrap, or joins a bootstrapped cluster.
	// The context ends at once when the node loses its power; a node that goes down in order calls Shutdown instead.
	Boot(ctx context.Context, m Machine) error
	// Reconfigure is called when a config is applied without a reboot.
	Reconfigure(ctx context.Context, m Machine) error
	// Bootstrap starts the first etcd member. Errors are gRPC status errors (FailedPrecondition, AlreadyExists).
	Bootstrap(ctx context.Context, from Recovery) error
	// HasEtcdData reports whether /var/lib/etcd is non-empty.
	HasEtcdData() bool
	// ReleaseVIPs gives up the virtual IPs for the rest of this boot: a graceful reset ends pods, and with them the node's
	// candidacy, before it leaves etcd.
	ReleaseVIPs()
	// VIPs are the virtual IPs that lead to this node now.
	VIPs() []netip.Addr
	// LeaveEtcd removes this node's member from the cluster (graceful reset, and a call of its own).
	LeaveEtcd(ctx context.Context) error
	// EtcdMembers lists the members of the cluster this node belongs to, its own first.
	EtcdMembers(ctx context.Context) ([]EtcdMember, error)
	// Kubeconfig returns an admin kubeconfig for the cluster endpoint.
	Kubeconfig(ctx context.Context) ([]byte, error)
	// Services reports etcd, kubelet, and their state and health for ServiceList.
	Services() []Service
	// Shutdown stops everything (reboot, power off); wipe removes EPHEMERAL (etcd data, kubelet state) too.
	Shutdown(ctx context.Context, wipe bool) error
}

// Recovery is what the first etcd member begins with. The zero value is an empty etcd.
type Recovery struct {
	// Snapshot is the file of a snapshot, which is removed once it was restored.
	Snapshot string
	// SkipHashCheck takes a snapshot without the hash at its end, such as a copy of the database file.
	SkipHashCheck bool
}

// Machine is what a configured node tells Kubernetes about itself.
type Machine struct {
	// Name is the hostname the node runs under: from the config, or the generated one.
	Name string
	// Addresses are the node's own addresses, without the VIP.
	Addresses []netip.Addr
	// Dir is the node's EPHEMERAL partition: a directory of Kubernetes's own, kept over reboots.
	Dir string
	// Config is the config that was applied, parsed and validated.
	Config config.Provider
	// TalosVersion is the installed Talos version, with its leading v.
	TalosVersion string
	// Arch is the Go name of the node's architecture.
	Arch string
	// Schematic is the image factory schematic of the installed image; empty without one.
	Schematic string
	// BootID changes with each boot.
	BootID string
}

// EtcdMember is one member of the etcd cluster.
type EtcdMember struct {
	ID         uint64
	Hostname   string
	PeerURLs   []string
	ClientURLs []string
	IsLearner  bool
	// Leader marks the member that leads now.
	Leader bool
}

// Service is one service in ServiceList, named as on a real machine: etcd, kubelet.
type Service struct {
	ID string
	// State is a machined word: Waiting, Preparing, Running, Finished, Failed, Skipped.
	State string
	// Healthy is looked at only when HealthKnown is true.
	Healthy     bool
	HealthKnown bool
	// Message says why the service is in its state, as ServiceList's last event shows it.
	Message string
}

// EtcdOperator is the work on a running etcd that a [Kubernetes] may also offer; the API methods for it answer
// Unimplemented when it does not.
type EtcdOperator interface {
	// EtcdStatus tells about this node's own member.
	EtcdStatus(ctx context.Context) (*machineapi.EtcdMemberStatus, error)
	// EtcdRemoveMember removes another member, whose machine is gone; NotFound when there is none of this id.
	EtcdRemoveMember(ctx context.Context, id uint64) error
	// EtcdForfeitLeadership moves the leadership away, and returns the new leader's id, empty if it did not move.
	EtcdForfeitLeadership(ctx context.Context) (leader string, err error)
	// EtcdSnapshot writes a backup of the data.
	EtcdSnapshot(ctx context.Context, w io.Writer) error
}

// ServiceRestarter restarts one of the services, kubelet say. A [Kubernetes] may also offer it.
type ServiceRestarter interface {
	RestartService(ctx context.Context, id string) error
}
