package node

import (
	"context"
	"reflect"

	"github.com/cosi-project/runtime/pkg/resource"
	"github.com/cosi-project/runtime/pkg/resource/meta"
	"github.com/cosi-project/runtime/pkg/state"
	"github.com/cosi-project/runtime/pkg/state/impl/inmem"
	"github.com/cosi-project/runtime/pkg/state/impl/namespaced"
	"github.com/cosi-project/runtime/pkg/state/registry"
	"github.com/siderolabs/talos/pkg/machinery/resources/block"
	"github.com/siderolabs/talos/pkg/machinery/resources/cluster"
	configres "github.com/siderolabs/talos/pkg/machinery/resources/config"
	"github.com/siderolabs/talos/pkg/machinery/resources/etcd"
	"github.com/siderolabs/talos/pkg/machinery/resources/hardware"
	"github.com/siderolabs/talos/pkg/machinery/resources/k8s"
	networkres "github.com/siderolabs/talos/pkg/machinery/resources/network"
	runtimeres "github.com/siderolabs/talos/pkg/machinery/resources/runtime"
	timeres "github.com/siderolabs/talos/pkg/machinery/resources/time"
	"github.com/siderolabs/talos/pkg/machinery/resources/v1alpha1"
)

// published are the resources that the simulated machine fills. A type that is missing here is refused by name,
// as an unknown one is on a real machine, so that nobody takes an empty list for an answer.
var published = []meta.ResourceWithRD{
	&block.Device{},
	&block.Disk{},
	&block.SystemDisk{},
	&block.VolumeStatus{},
	&cluster.Affiliate{},
	&cluster.Identity{},
	&cluster.Info{},
	&cluster.Member{},
	&configres.MachineConfig{},
	&configres.MachineType{},
	&etcd.Member{},
	&hardware.MemoryModule{},
	&hardware.Processor{},
	&hardware.SystemInformation{},
	&k8s.Nodename{},
	&k8s.NodeIP{},
	&networkres.AddressStatus{},
	&networkres.HardwareAddr{},
	&networkres.HostnameStatus{},
	&networkres.LinkStatus{},
	&networkres.NodeAddress{},
	&networkres.ResolverStatus{},
	&networkres.Status{},
	&networkres.TimeServerStatus{},
	&runtimeres.ExtensionStatus{},
	&runtimeres.MachineStatus{},
	&runtimeres.PlatformMetadata{},
	&runtimeres.SecurityState{},
	&runtimeres.Version{},
	&timeres.Status{},
	&v1alpha1.Service{},
}

var namespaces = map[resource.Namespace]string{
	v1alpha1.NamespaceName:   "Talos v1alpha1 subsystems glue resources.",
	cluster.NamespaceName:    "Cluster configuration and discovery resources.",
	configres.NamespaceName:  "Talos node configuration.",
	etcd.NamespaceName:       "etcd resources.",
	hardware.NamespaceName:   "Hardware resources.",
	k8s.NamespaceName:        "Kubernetes all node types resources.",
	networkres.NamespaceName: "Networking resources.",
}

// newResources makes the state of one session, empty but for what describes it.
func newResources() (state.State, error) {
	ctx := context.Background()
	st := state.WrapCore(namespaced.NewState(inmem.Build))
	names := registry.NewNamespaceRegistry(st)
	if err := names.RegisterDefault(ctx); err != nil {
		return nil, err
	}
	types := registry.NewResourceRegistry(st)
	if err := types.RegisterDefault(ctx); err != nil {
		return nil, err
	}
	for name, description := range namespaces {
		if err := names.Register(ctx, name, description); err != nil {
			return nil, err
		}
	}
	for _, r := range published {
		if err := types.Register(ctx, r); err != nil {
			return nil, err
		}
	}
	return st, nil
}

// put creates the resource or replaces the one of its name; who watches it hears of a change only.
func put(ctx context.Context, st state.State, r resource.Resource) error {
	current, err := st.Get(ctx, r.Metadata())
	switch {
	case state.IsNotFoundError(err):
		return st.Create(ctx, r)
	case err != nil:
		return err
	case reflect.DeepEqual(current.Spec(), r.Spec()):
		return nil
	}
	r.Metadata().SetVersion(current.Metadata().Version())
	return st.Update(ctx, r)
}

// replaceAll puts the resources, and removes every other of the kind.
func replaceAll(ctx context.Context, st state.State, kind resource.Kind, rs []resource.Resource) error {
	keep := map[resource.ID]bool{}
	for _, r := range rs {
		keep[r.Metadata().ID()] = true
		if err := put(ctx, st, r); err != nil {
			return err
		}
	}
	list, err := st.List(ctx, kind)
	if err != nil {
		return err
	}
	for _, r := range list.Items {
		if keep[r.Metadata().ID()] {
			continue
		}
		if err := st.Destroy(ctx, r.Metadata()); err != nil && !state.IsNotFoundError(err) {
			return err
		}
	}
	return nil
}
