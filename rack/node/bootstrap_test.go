package node_test

import (
	"context"
	"slices"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/siderolabs/talos/pkg/machinery/api/common"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	runtimeres "github.com/siderolabs/talos/pkg/machinery/resources/runtime"

	"github.com/home-ops/home-ops/rack/node"
)

func TestBootstrap_HappensOnceAndOnControlPlanesOnly(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.kube.hold = make(chan struct{})
	c := newCluster(t, n.address)
	n.await(t, node.Maintenance)
	apply(t, n.insecure(t), c.config(t, machine.TypeControlPlane))
	n.await(t, node.Booting)
	admin := n.admin(t, c)
	wantError(t, admin.Bootstrap(t.Context(), &machineapi.BootstrapRequest{}), codes.FailedPrecondition, "bootstrap is not available yet")
	close(n.kube.hold)
	n.await(t, node.Running)
	if listed := list(t, admin, "/var/lib/etcd"); !slices.Equal(listed, []string{"."}) {
		t.Errorf("/var/lib/etcd before bootstrap: %v", listed)
	}
	if err := admin.Bootstrap(t.Context(), &machineapi.BootstrapRequest{}); err != nil {
		t.Fatal(err)
	}
	wantError(t, admin.Bootstrap(t.Context(), &machineapi.BootstrapRequest{}), codes.AlreadyExists, "etcd data directory is not empty")
	if listed := list(t, admin, "/var/lib/etcd"); !slices.Equal(listed, []string{".", "member"}) {
		t.Errorf("/var/lib/etcd after bootstrap: %v", listed)
	}
	members, err := admin.EtcdMemberList(t.Context(), &machineapi.EtcdMemberListRequest{})
	if err != nil || len(members.GetMessages()[0].GetMembers()) != 1 {
		t.Errorf("members: %v, %v", members, err)
	}

	worker := c.running(t, machine.TypeWorker, startNode(t))
	awaitAPI(t, worker.admin(t, c))
	wantError(t, worker.admin(t, c).Bootstrap(t.Context(), &machineapi.BootstrapRequest{}),
		codes.FailedPrecondition, "bootstrap can only be performed on a control plane node")
	_, err = worker.admin(t, c).EtcdMemberList(t.Context(), &machineapi.EtcdMemberListRequest{})
	wantError(t, err, codes.Unimplemented, "member list is only available on control plane nodes")
}

func TestStage_IsBootingUntilEtcdRuns(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	admin := n.admin(t, c)

	status := machineStatus(t, admin)
	if status.Stage != runtimeres.MachineStageBooting || status.Status.Ready {
		t.Errorf("before bootstrap: %+v", status)
	}
	if want := []runtimeres.UnmetCondition{{Name: "services", Reason: "etcd not running"}}; !slices.Equal(status.Status.UnmetConditions, want) {
		t.Errorf("conditions %v, want %v", status.Status.UnmetConditions, want)
	}
	if err := admin.Bootstrap(t.Context(), &machineapi.BootstrapRequest{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool {
		status := machineStatus(t, admin)
		return status.Stage == runtimeres.MachineStageRunning && status.Status.Ready
	})
	services, err := admin.ServiceInfo(t.Context(), "etcd")
	if err != nil || services[0].Service.GetState() != "Running" || !services[0].Service.GetHealth().GetHealthy() {
		t.Errorf("etcd service: %v, %v", services, err)
	}
}

func TestBootstrap_RecoversTheSnapshotThatWasUploadedWhole(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	c := newCluster(t, n.address)
	c.running(t, machine.TypeControlPlane, n)
	admin := n.admin(t, c)
	upload := func(text string) error {
		stream, err := admin.MachineClient.EtcdRecover(t.Context())
		if err != nil {
			return err
		}
		for _, chunk := range []string{text[:len(text)/2], text[len(text)/2:]} {
			if err := stream.Send(&common.Data{Bytes: []byte(chunk)}); err != nil {
				return err
			}
		}
		_, err = stream.CloseAndRecv()
		return err
	}
	if err := upload("a whole snapshot"); err != nil {
		t.Fatal(err)
	}
	// One that is broken off leaves that of before.
	ctx, cut := context.WithCancel(t.Context())
	stream, err := admin.MachineClient.EtcdRecover(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&common.Data{Bytes: []byte("half of")}); err != nil {
		t.Fatal(err)
	}
	cut()
	if err := admin.Bootstrap(t.Context(), &machineapi.BootstrapRequest{RecoverEtcd: true}); err != nil {
		t.Fatal(err)
	}
	if got := string(n.kube.recovered); got != "a whole snapshot" {
		t.Errorf("recovered %q", got)
	}

	worker := c.running(t, machine.TypeWorker, startNode(t)).admin(t, c)
	refused, err := worker.MachineClient.EtcdRecover(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = refused.CloseAndRecv()
	wantError(t, err, codes.Unimplemented, "etcd recover is only available on control plane nodes")
}
