package talos_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/home-ops/home-ops/rack/node"
)

// configured is a node that runs with the cluster's configuration, and the state of the apply.
func (c cluster) configured(t *testing.T, more map[string]any) (*node.Node, string, resource.PropertyMap) {
	t.Helper()
	machine, address := startNode(t)
	state := c.create(applyType, c.apply(address, more))
	awaitState(t, machine, node.Running)
	return machine, address, state
}

func TestApply_ConfiguresANodeInMaintenanceAndThenByItsCredentials(t *testing.T) {
	c := newCluster(t)
	machine, address, state := c.configured(t, nil)
	if got := plain(state)["id"].StringValue(); got != "machine_configuration_apply" {
		t.Errorf("id is %q", got)
	}
	if diff := c.diff(applyType, state, c.apply(address, nil)); diff.GetChanges() != pulumirpc.DiffResponse_DIFF_NONE {
		t.Errorf("the same inputs change %q", diff.GetDiffs())
	}

	changed := c.apply(address, map[string]any{"configPatches": []any{`{"machine":{"sysctls":{"vm.max_map_count":"262144"}}}`}})
	want := []string{"configPatches", "machineConfiguration", "resolvedApplyMode"}
	diff := c.diff(applyType, state, changed)
	if !slices.Contains(diff.GetDiffs(), "machineConfiguration") || len(diff.GetReplaces()) > 0 {
		t.Errorf("a patch changes %q and replaces %q, want changes %q", diff.GetDiffs(), diff.GetReplaces(), want)
	}
	updated := plain(c.update(applyType, state, changed, false))
	if !strings.Contains(updated["machineConfiguration"].StringValue(), "vm.max_map_count") {
		t.Error("the patch is not in the state")
	}
	awaitState(t, machine, node.Running)
}

func TestApply_AConfigurationThatTheNodeRefusesFailsAtOnce(t *testing.T) {
	c := newCluster(t)
	_, address := startNode(t)
	inputs := c.inputs(address, nil)
	inputs["machineConfigurationInput"] = c.configuration(address, `{"machine":{"network":{"interfaces":[{"dhcp":true}]}}}`)

	begin := time.Now()
	_, err := c.tryCreate(applyType, inputs)
	if err == nil || !strings.Contains(err.Error(), "InvalidArgument") {
		t.Fatalf("error is %v", err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("the refusal was tried again for %s", took)
	}
}

func TestApply_TriesUntilItsOwnTimeout(t *testing.T) {
	c := newCluster(t)
	address := nodeAddress().String() // nothing listens there
	begin := time.Now()
	_, err := c.tryCreate(applyType, c.apply(address, within("create", "1500ms")))
	if err == nil || !strings.Contains(err.Error(), "Error applying configuration") {
		t.Fatalf("error is %v", err)
	}
	if took := time.Since(begin); took < time.Second || took > 10*time.Second {
		t.Errorf("gave up after %s, want about 1.5s", took)
	}
}

func TestApply_WaitsForANodeThatIsNotUpYet(t *testing.T) {
	c := newCluster(t)
	address := nodeAddress()
	inputs := c.apply(address.String(), nil)
	applied := make(chan error, 1)
	go func() {
		_, err := c.tryCreate(applyType, inputs)
		applied <- err
	}()

	select {
	case err := <-applied:
		t.Fatalf("the apply ended without a node: %v", err)
	case <-time.After(700 * time.Millisecond):
	}
	machine := startNodeAt(t, address)
	if err := <-applied; err != nil {
		t.Fatal(err)
	}
	awaitState(t, machine, node.Running)
}

func TestBootstrap_HappensOnceAndARepetitionFailsAfterItsTimeout(t *testing.T) {
	c := newCluster(t)
	_, address, _ := c.configured(t, nil)

	state := plain(c.create(bootstrapType, c.inputs(address, nil)))
	if got := state["id"].StringValue(); got != "machine_bootstrap" {
		t.Errorf("id is %q", got)
	}
	begin := time.Now()
	_, err := c.tryCreate(bootstrapType, c.inputs(address, within("create", "1500ms")))
	if err == nil || !strings.Contains(err.Error(), "AlreadyExists") {
		t.Fatalf("error of a second bootstrap is %v", err)
	}
	if took := time.Since(begin); took < time.Second {
		t.Errorf("the second bootstrap failed after %s, without a second try", took)
	}
}

func TestBootstrap_PutIntoTheStateByHandLeavesAnUpdateThatDoesNothing(t *testing.T) {
	c := newCluster(t)
	state := resource.PropertyMap{"id": resource.NewStringProperty("machine_bootstrap")}
	inputs := c.inputs("192.0.2.1", nil) // no node answers there, and none is asked
	diff := c.diff(bootstrapType, state, inputs)
	if want := []string{"clientConfiguration", "endpoint", "node"}; !slices.Equal(diff.GetDiffs(), want) || len(diff.GetReplaces()) > 0 {
		t.Errorf("changes %q, replaces %q", diff.GetDiffs(), diff.GetReplaces())
	}
	updated := plain(c.update(bootstrapType, state, inputs, false))
	if got := updated["node"].StringValue(); got != "192.0.2.1" {
		t.Errorf("node is %q after the update", got)
	}
}

func TestKubeconfig_IsFetchedOnceAndAgainBeforeItRunsOut(t *testing.T) {
	c := newCluster(t)
	_, address, _ := c.configured(t, nil)
	c.create(bootstrapType, c.inputs(address, nil))

	state := c.create(kubeconfigType, c.inputs(address, nil))
	if !state["kubeconfigRaw"].IsSecret() || !state["kubernetesClientConfiguration"].ObjectValue()["clientKey"].IsSecret() {
		t.Error("the kubeconfig is not secret")
	}
	open := plain(state)
	if got := open["id"].StringValue(); got != "test" {
		t.Errorf("id is %q, want the name of the cluster", got)
	}
	if got := open["kubernetesClientConfiguration"].ObjectValue()["host"].StringValue(); got != "https://192.0.2.1:6443" {
		t.Errorf("host is %q", got)
	}
	if diff := c.diff(kubeconfigType, state, c.inputs(address, nil)); diff.GetChanges() != pulumirpc.DiffResponse_DIFF_NONE {
		t.Errorf("a fresh kubeconfig changes %q", diff.GetDiffs())
	}

	early := c.inputs(address, map[string]any{"certificateRenewalDuration": "200000h"})
	planned := c.update(kubeconfigType, state, early, true)
	if !planned["kubeconfigRaw"].SecretValue().Element.IsComputed() {
		t.Error("a kubeconfig that must be renewed is known in the preview")
	}
	renewed := plain(c.update(kubeconfigType, state, early, false))
	if renewed["kubeconfigRaw"].StringValue() == open["kubeconfigRaw"].StringValue() {
		t.Error("the kubeconfig was not fetched again")
	}
}

func TestDestroy_ResetsANodeWhoseStateSaysSo(t *testing.T) {
	c := newCluster(t)
	for name, test := range map[string]struct {
		onDestroy map[string]any
		want      node.State
	}{
		"nothing said":      {nil, node.Running},
		"reset":             {map[string]any{"reset": true, "graceful": false}, node.Off},
		"reset with reboot": {map[string]any{"reset": true, "graceful": false, "reboot": true}, node.Maintenance},
	} {
		t.Run(name, func(t *testing.T) {
			more := map[string]any{}
			if test.onDestroy != nil {
				more["onDestroy"] = test.onDestroy
			}
			machine, _, state := c.configured(t, more)
			_, err := c.Delete(t.Context(), &pulumirpc.DeleteRequest{Urn: urn(applyType), Properties: c.wire(state)})
			if err != nil {
				t.Fatal(err)
			}
			awaitState(t, machine, test.want)
		})
	}
}

func TestInvoke_ListsTheDisksThatASelectorMatches(t *testing.T) {
	c := newCluster(t)
	_, address, _ := c.configured(t, nil)
	response, err := c.Invoke(t.Context(), &pulumirpc.InvokeRequest{
		Tok:  "talos:machine/getDisks:getDisks",
		Args: c.wire(c.inputs(address, map[string]any{"selector": `disk.transport == "nvme"`})),
	})
	if err != nil {
		t.Fatal(err)
	}
	disks := c.properties(response.GetReturn())["disks"].ArrayValue()
	if len(disks) == 0 {
		t.Fatal("no disk matches")
	}
	if got := disks[0].ObjectValue()["devPath"].StringValue(); got != "/dev/nvme0n1" {
		t.Errorf("devPath is %q", got)
	}
}
