package node_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/cosi-project/runtime/pkg/safe"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/client"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	clusterres "github.com/siderolabs/talos/pkg/machinery/resources/cluster"
	networkres "github.com/siderolabs/talos/pkg/machinery/resources/network"
	"github.com/siderolabs/talos/pkg/machinery/role"

	"github.com/home-ops/home-ops/rack/node"
)

// pair is a control plane and a worker of one cluster.
func pair(t *testing.T) (c *cluster, cp, worker *testNode) {
	t.Helper()
	discovery := node.NewDiscovery()
	share := func(o *node.Options) { o.Discovery = discovery }
	cp, worker = startNode(t, share), startNode(t, share)
	c = newCluster(t, cp.address)
	c.running(t, machine.TypeControlPlane, cp)
	c.running(t, machine.TypeWorker, worker)
	awaitAPI(t, worker.admin(t, c))
	return c, cp, worker
}

func TestForward_ToOneNode(t *testing.T) {
	t.Parallel()
	c, cp, worker := pair(t)
	admin := cp.admin(t, c)
	ctx := client.WithNode(t.Context(), worker.address.String())

	version, err := admin.Version(ctx)
	if err != nil || version.GetMessages()[0].GetMetadata().GetHostname() != "" {
		t.Errorf("version: %v, %v", version, err)
	}
	hostname, err := safe.StateGetByID[*networkres.HostnameStatus](ctx, admin.COSI, networkres.HostnameID)
	if err != nil || hostname.TypedSpec().Hostname != worker.kube.machine.Name {
		t.Errorf("hostname: %v, %v", hostname, err)
	}
	r, err := admin.Read(ctx, "/etc/hostname")
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	if apply := applyWith(ctx, t, admin, c.config(t, machine.TypeWorker, withLabel)); apply.GetMode() != liveMode {
		t.Errorf("applied with %s", apply.GetMode())
	}
	if worker.Applied().K8sNodeConfig().Labels()["rack"] != "a" {
		t.Error("the worker did not get the config")
	}
}

func TestForward_ToSeveralNodesSaysWhichAnswered(t *testing.T) {
	t.Parallel()
	c, cp, worker := pair(t)
	admin := cp.admin(t, c)
	const gone = "127.0.0.254"
	ctx := client.WithNodes(t.Context(), cp.address.String(), worker.address.String(), gone)
	resp, err := admin.MachineClient.Version(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := resp.GetMessages()
	if len(got) != 3 || got[0].GetMetadata().GetHostname() != cp.address.String() || got[1].GetMetadata().GetHostname() != worker.address.String() {
		t.Fatalf("messages: %v", got)
	}
	if md := got[2].GetMetadata(); md.GetHostname() != gone || md.GetStatus().GetCode() != int32(codes.Unavailable) {
		t.Errorf("of a node that is not there: %v", md)
	}
	_, err = safe.StateListAll[*clusterres.Member](ctx, admin.COSI)
	wantError(t, err, codes.InvalidArgument, "one-2-many proxying is not supported for COSI methods")
}

func TestForward_StreamsOfSeveralNodes(t *testing.T) {
	t.Parallel()
	c, cp, worker := pair(t)
	stream, err := cp.admin(t, c).LS(client.WithNodes(t.Context(), cp.address.String(), worker.address.String()),
		&machineapi.ListRequest{Root: "/var/lib/etcd"})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for range 2 {
		info, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		seen[info.GetMetadata().GetHostname()] = info.GetMetadata().GetError()
	}
	want := "rpc error: code = Unknown desc = lstat /var/lib/etcd: no such file or directory"
	if seen[cp.address.String()] != "" || seen[worker.address.String()] != want {
		t.Errorf("got %q", seen)
	}
}

func TestForward_KeepsTheCallersRoles(t *testing.T) {
	t.Parallel()
	c, cp, worker := pair(t)
	ctx := client.WithNode(t.Context(), worker.address.String())
	wantError(t, cp.as(t, c, role.Reader).Reboot(ctx), codes.PermissionDenied, "not authorized")
}

func TestForward_IsRefusedByWorkers(t *testing.T) {
	t.Parallel()
	c, cp, worker := pair(t)
	admin := worker.admin(t, c)
	_, err := admin.Version(client.WithNode(t.Context(), cp.address.String()))
	wantError(t, err, codes.PermissionDenied, "no request forwarding")
	if _, err := admin.Version(client.WithNodes(t.Context(), worker.address.String())); err != nil {
		t.Errorf("to itself: %v", err)
	}
}

func TestWorker_IsSilentUntilAControlPlaneSignsForIt(t *testing.T) {
	t.Parallel()
	worker, cp := startNode(t), startNode(t)
	c := newCluster(t, cp.address)
	c.running(t, machine.TypeWorker, worker)
	if _, err := worker.admin(t, c).Version(t.Context()); err == nil {
		t.Error("it answers without a certificate")
	}
	c.running(t, machine.TypeControlPlane, cp)
	awaitAPI(t, worker.admin(t, c))
}

func TestWorker_IsNotSignedForWithoutTheMachineToken(t *testing.T) {
	t.Parallel()
	cp, worker := startNode(t), startNode(t)
	c := newCluster(t, cp.address)
	c.running(t, machine.TypeControlPlane, cp)
	worker.await(t, node.Maintenance)
	apply(t, worker.insecure(t), c.config(t, machine.TypeWorker, func(cfg *v1alpha1.Config) {
		cfg.MachineConfig.MachineToken = "abcdef.0123456789abcdef"
	}))
	worker.await(t, node.Running)
	want := "trustd at " + cp.address.String() + ":50001: rpc error: code = Unauthenticated desc = the machine token is not that of this cluster"
	eventually(t, func() bool { return strings.Contains(worker.log.String(), want) })
	if err := dial(worker.address, c.tlsConfig(t, nil)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v", err)
	}
}

func TestDiscovery_ShowsTheMembers(t *testing.T) {
	t.Parallel()
	c, cp, worker := pair(t)
	eventually(t, func() bool {
		members, err := safe.StateListAll[*clusterres.Member](t.Context(), worker.admin(t, c).COSI)
		if err != nil || members.Len() != 2 {
			return false
		}
		control, _ := members.Find(func(m *clusterres.Member) bool { return m.TypedSpec().MachineType == machine.TypeControlPlane })
		return control.TypedSpec().Hostname == cp.kube.machine.Name && control.TypedSpec().ControlPlane.APIServerPort == 6443
	})
}
