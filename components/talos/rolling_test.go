package talos_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/talos"
	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/internal/recorder"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// changer remembers what the roll was told.
type changer struct {
	mu                      sync.Mutex
	changed, settled, added []string
	// removed are those that left, before anything was changed.
	removed []string
	// announced are those of which a preview said that they are not there.
	announced []string
	// checked are those that were not to be changed.
	checked                          []string
	nodes                            map[string]roll.Node
	err, removeErr, checkErr, addErr error
}

func (c *changer) Change(_ context.Context, node roll.Node) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changed = append(c.changed, node.Name)
	if c.nodes == nil {
		c.nodes = map[string]roll.Node{}
	}
	c.nodes[node.Name] = node
	return c.err
}

func (c *changer) Settle(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settled = append(c.settled, name)
}

func (c *changer) Add(_ context.Context, node roll.Node) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.added = append(c.added, node.Name)
	if !strings.Contains(string(node.Config), node.Image) {
		return fmt.Errorf("%s: its config is not the one that the resource gets", node.Name)
	}
	return c.addErr
}

func (c *changer) Announce(node roll.Node) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.announced = append(c.announced, node.Name)
}

func (c *changer) Check(_ context.Context, node roll.Node) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.checked = append(c.checked, node.Name)
	if len(node.Config) == 0 {
		return errors.New("its config is not known")
	}
	return c.checkErr
}

func (c *changer) Remove(_ context.Context, nodes []roll.Node) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.changed) > 0 {
		return errors.New("machines were changed before")
	}
	for _, node := range nodes {
		c.removed = append(c.removed, node.Name)
	}
	return c.removeErr
}

func sorted(names []string) []string {
	slices.Sort(names)
	return names
}

func TestTalosCluster_RollsAsTheStackFileSays(t *testing.T) {
	stack := spectest.Home(t)
	stack.Cluster.Roll.Order, stack.Cluster.Roll.DrainTimeout = []string{"worker-3"}, spec.Duration(42*time.Minute)
	got := talos.RollOptions(stack)
	if !slices.Equal(got.First, stack.Cluster.Roll.Order) || got.Limits.Drain != 42*time.Minute || len(got.Nodes) != len(stack.Nodes) {
		t.Errorf("first %v, drain %s, %d nodes", got.First, got.Limits.Drain, len(got.Nodes))
	}
}

func TestTalosCluster_RollsMachinesThatRunAndNotNewOnes(t *testing.T) {
	c := &changer{}
	r := newRun(home(t))
	r.args.Changer = c
	r.Updates = func(res recorder.Resource) bool {
		return res.Type == applyType && res.Name != "talos-apply-worker-3"
	}
	r.up(t)
	if got := sorted(c.changed); !slices.Equal(got, []string{"cp-1", "cp-2", "worker-1", "worker-2"}) {
		t.Errorf("changed %v", got)
	}
	if !slices.Equal(c.added, []string{"worker-3"}) {
		t.Errorf("added %v", c.added)
	}
	if got := sorted(c.settled); !slices.Equal(got, []string{"cp-1", "cp-2", "worker-1", "worker-2", "worker-3"}) {
		t.Errorf("settled %v", got)
	}
	node := c.nodes["worker-1"]
	stack := home(t)
	if node.Image != stack.InstallerImage(stack.Nodes[2]) || node.Talos != stack.Cluster.TalosVersion || node.ControlPlane {
		t.Errorf("worker-1 should be %+v", node)
	}
	if !strings.Contains(string(node.Config), node.Image) {
		t.Error("its config is not the one that the resource gets")
	}
}

func TestTalosCluster_LeavesTheResourceAsItWasWhenTheRollFails(t *testing.T) {
	r := newRun(home(t))
	r.args.Changer = &changer{err: errors.New("worker-1 did not come back")}
	r.Updates = func(res recorder.Resource) bool { return res.Type == applyType }
	err := r.Run(r.program, "home")
	if err == nil || !strings.Contains(err.Error(), "worker-1 did not come back") {
		t.Errorf("error %v", err)
	}
	if got := r.OfType(applyType); len(got) > 0 {
		t.Errorf("%d configs were sent all the same", len(got))
	}
}

func TestTalosCluster_RollsNothingInAPreview(t *testing.T) {
	c := &changer{}
	r := newRun(home(t))
	r.args.Changer = c
	r.Updates = func(res recorder.Resource) bool { return res.Type == applyType }
	if err := r.PreviewExisting(r.program, "home"); err != nil {
		t.Fatal(err)
	}
	if len(c.changed)+len(c.settled)+len(c.added) > 0 {
		t.Errorf("changed %v, settled %v, added %v", c.changed, c.settled, c.added)
	}
}

func TestTalosCluster_RemovesWhatLeftTheStackBeforeItChangesAnything(t *testing.T) {
	c := &changer{}
	r := newRun(home(t))
	r.args.Changer = c
	r.args.Leaving = []roll.Node{{Name: "worker-9"}}
	r.Updates = func(res recorder.Resource) bool { return res.Type == applyType }
	r.up(t)
	if !slices.Equal(c.removed, []string{"worker-9"}) || len(c.changed) != 5 {
		t.Errorf("removed %v, changed %v", c.removed, c.changed)
	}
}

func TestTalosCluster_ChangesNothingWhenANodeCannotLeave(t *testing.T) {
	c := &changer{removeErr: errors.New("worker-9 leaves the stack: Ceph keeps data on it")}
	r := newRun(home(t))
	r.args.Changer = c
	r.args.Leaving = []roll.Node{{Name: "worker-9"}}
	r.Updates = func(res recorder.Resource) bool { return res.Type == applyType }
	err := r.Run(func(ctx *pulumi.Context) error {
		if err := r.program(ctx); err != nil {
			return err
		}
		ctx.Export("configured", r.cluster.Configured)
		return nil
	}, "home")
	if err == nil || !strings.Contains(err.Error(), "Ceph keeps data on it") {
		t.Errorf("error %v", err)
	}
	if len(c.changed) > 0 {
		t.Errorf("changed %v", c.changed)
	}
}

func TestTalosCluster_LooksAtMachinesThatAreNotToBeChanged(t *testing.T) {
	c := &changer{checkErr: errors.New("worker-3 is in maintenance mode")}
	r := newRun(home(t))
	r.args.Changer = c
	r.Sames = func(res recorder.Resource) bool { return res.Name == "talos-apply-worker-3" }
	err := r.Run(func(ctx *pulumi.Context) error {
		if err := r.program(ctx); err != nil {
			return err
		}
		ctx.Export("configured", r.cluster.Configured)
		return nil
	}, "home")
	if err == nil || !strings.Contains(err.Error(), "worker-3 is in maintenance mode") {
		t.Errorf("error %v", err)
	}
	if !slices.Equal(c.checked, []string{"worker-3"}) {
		t.Errorf("checked %v", c.checked)
	}
}

func TestTalosCluster_SendsNoConfigToAnAddressAtWhichTheMachineIsNot(t *testing.T) {
	c := &changer{addErr: errors.New("2 machines have its card")}
	r := newRun(home(t))
	r.args.Changer = c
	err := r.Run(r.program, "home")
	if err == nil || !strings.Contains(err.Error(), "2 machines have its card") {
		t.Errorf("error %v", err)
	}
	if got := r.OfType(applyType); len(got) > 0 {
		t.Errorf("%d configs were sent all the same", len(got))
	}
}

func TestTalosCluster_SaysInAPreviewWhichNewMachinesAreNotThere(t *testing.T) {
	c := &changer{}
	r := newRun(home(t))
	r.args.Changer = c
	r.args.Reach = func(_ context.Context, address string) error {
		if address == "10.0.50.23:50000" {
			return errors.New("no route to host")
		}
		return nil
	}
	if err := r.Preview(r.program, "home"); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(c.announced, []string{"worker-3"}) || len(c.added) > 0 {
		t.Errorf("announced %v, added %v", c.announced, c.added)
	}
}

// A worker that gets its config elsewhere is seen at its address once a control plane has signed its certificate.
func TestTalosCluster_ConfiguresWorkersThatAreElsewhereAfterTheControlPlane(t *testing.T) {
	r := newRun(home(t))
	r.args.Reach = func(_ context.Context, address string) error {
		if address == "10.0.50.23:50000" || address == "10.0.50.12:50000" {
			return errors.New("no route to host")
		}
		return nil
	}
	r.up(t)
	for name, waits := range map[string]bool{"cp-1": false, "cp-2": false, "worker-1": false, "worker-2": false, "worker-3": true} {
		if got := dependsOn(r.Find(t, "talos-apply-"+name), "talos-kubeconfig"); got != waits {
			t.Errorf("%s waits for the kubeconfig: %v, want %v", name, got, waits)
		}
	}
}
