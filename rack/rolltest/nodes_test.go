package rolltest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/talos/roll"
	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/spec"
)

// One cluster for four acts, since making one takes longer than any of them.
func TestRoll_OfSingleMachines(t *testing.T) {
	same := func(text string) string { return text }
	stack := lab(t, same)
	if !inRoom(t, stack) {
		return
	}
	c := newCluster(t, stack)
	c.populate()
	c.locksNobodyOut(stack)
	c.installsAnew(stack)
	c.replacesADeadControlPlane(stack)
	// The one that has the VIP is the one whose departure is felt most.
	holder := stack.Nodes[c.holder(stack)]
	c.removesAControlPlane(lab(t, func(text string) string { return without(text, holder.Name) }), holder)
}

// holder is the place of the node that has the VIP.
func (c *cluster) holder(stack *spec.Stack) int {
	c.t.Helper()
	holder := c.fabric.VirtualIPs()[net.JoinHostPort(stack.Network.VIP.String(), spec.APIPort)]
	i := slices.IndexFunc(stack.Nodes, func(n spec.Node) bool { return n.Name == holder })
	if i < 0 {
		c.t.Fatalf("%q has the VIP", holder)
	}
	return i
}

// without is the stack's file without a node.
func without(text, node string) string {
	before, after, _ := strings.Cut(text, "    - name: "+node+"\n")
	lines := strings.SplitAfter(after, "\n")
	for len(lines) > 0 && strings.HasPrefix(lines[0], "      ") {
		lines = lines[1:]
	}
	return before + strings.Join(lines, "")
}

// locksNobodyOut gives a machine a network without any of its links: its hardware address was mistyped, and the link that
// is there is switched off, which DHCP would else give the same address.
func (c *cluster) locksNobodyOut(stack *spec.Stack) {
	const off = "\n      patches: [{ machine: { network: { interfaces: [{ interface: eth0, ignore: true }] } } }]"
	mistyped := lab(c.t, func(text string) string {
		return strings.Replace(text, "84:47:09:3b:20:12", "84:47:09:3b:20:99"+off, 1)
	})
	limits := roll.DefaultLimits()
	limits.Try, limits.Watch, limits.Attempt = 20*time.Second, 8*time.Second, 3*time.Second
	r := c.newRoll(mistyped, limits)
	r.Settle("lab-1")
	r.Settle("lab-3")
	err := r.Change(c.t.Context(), c.wanted(mistyped, mistyped.Nodes[1]))
	c.t.Logf("a network that cuts lab-2 off: %v", err)
	if err == nil || !strings.Contains(err.Error(), "with its new network it was not reached any more") {
		c.t.Fatalf("error %v", err)
	}
	if c.machines["lab-2"].Err() == nil {
		c.t.Error("the machine was never without an address, so nothing was tried")
	}
	c.machines["lab-2"].Acknowledge()
	effect, _, err := c.talos(stack.Nodes[1].Address).DryRun(c.t.Context(), c.configOf(stack, stack.Nodes[1]))
	if err != nil || effect != roll.Unchanged {
		c.t.Errorf("it does not run its former config: effect %v, %v", effect, err)
	}
}

// installsAnew gives the control plane that has the VIP another EPHEMERAL volume, and encrypts both, twice in one word.
func (c *cluster) installsAnew(stack *spec.Stack) {
	i := c.holder(stack)
	holder := stack.Nodes[i].Name
	const more = "\n      reinstall: encrypted\n      ephemeralVolume: { maxSize: 100GiB }\n      encryption: { state: { keys: [{ type: nodeID }] }, ephemeral: { keys: [{ type: nodeID }] } }"
	anew := lab(c.t, func(text string) string {
		return strings.Replace(text, stack.Nodes[i].MAC.String(), stack.Nodes[i].MAC.String()+more, 1)
	})
	before := c.memberOf(stack, holder)
	for again := range 2 {
		c.forget()
		r := c.newRoll(anew, roll.DefaultLimits())
		for _, n := range anew.Nodes {
			if n.Name != holder {
				r.Settle(n.Name)
			}
		}
		asked, failed := c.whileWriting(func() {
			if err := r.Change(c.t.Context(), c.wanted(anew, anew.Nodes[i])); err != nil {
				c.t.Fatal(err)
			}
		})
		most, order := c.went()
		c.t.Logf("%s, which had the VIP, is installed anew: %d of %d writes failed, %d down at once, in the order %v", holder, failed, asked, most, order)
		// The VIP moves once, and takes the connection along that is open then.
		if want := []string{holder}[again:]; failed > 1-again || most > 1 || !slices.Equal(order, want) {
			c.t.Errorf("%d of %d writes failed, %d were down at once, %v went down, want %v", failed, asked, most, order, want)
		}
	}
	for _, label := range []string{"STATE", "EPHEMERAL"} {
		volume, err := c.machines[holder].SystemVolume(label)
		if err != nil || !volume.Encrypted || label == "EPHEMERAL" && volume.Size != 100<<30 {
			c.t.Errorf("%s is %+v, %v", label, volume, err)
		}
	}
	if after := c.memberOf(stack, holder); after == before || after == 0 || len(c.members(stack)) != 3 {
		c.t.Errorf("its member was %016x and is %016x, of %v", before, after, c.members(stack))
	}
}

// replacesADeadControlPlane has one die, and another machine stand in its place that knows nothing. One that has the VIP would take that
// along for up to a minute.
func (c *cluster) replacesADeadControlPlane(stack *spec.Stack) {
	dead := stack.Nodes[(c.holder(stack)+1)%len(stack.Nodes)]
	c.machines[dead.Name].PowerOff()
	if err := c.machines[dead.Name].WaitFor(c.t.Context(), node.Off); err != nil {
		c.t.Fatal(err)
	}
	died := time.Now()
	before := c.memberOf(stack, dead.Name)
	c.machines[dead.Name] = c.plugIn(dead)
	if err := c.machines[dead.Name].WaitFor(c.t.Context(), node.Maintenance); err != nil {
		c.t.Fatal(err)
	}
	r := c.newRoll(stack, roll.DefaultLimits())
	asked, failed := c.whileWriting(func() {
		for _, n := range stack.Nodes {
			if err := r.Check(c.t.Context(), c.wanted(stack, n)); err != nil {
				c.t.Errorf("%s: %v", n.Name, err)
			}
		}
	})
	c.t.Logf("an exchanged control plane: %d of %d writes failed", failed, asked)
	// Nobody exchanges a machine within the minute for which a dead one keeps its place in the election for the VIP.
	time.Sleep(time.Until(died.Add(time.Minute + 5*time.Second)))
	if failed > 0 {
		c.t.Errorf("%d of %d writes failed", failed, asked)
	}
	if after := c.memberOf(stack, dead.Name); after == before || after == 0 {
		c.t.Errorf("its member was %016x and is %016x", before, after)
	}
	if members := c.members(stack); len(members) != 3 {
		c.t.Errorf("etcd's members are %v", members)
	}
}

// removesAControlPlane has one leave that runs.
func (c *cluster) removesAControlPlane(stack *spec.Stack, leaving spec.Node) {
	r := c.newRoll(stack, roll.DefaultLimits())
	asked, failed := c.whileWriting(func() {
		if err := r.Remove(c.t.Context(), []roll.Node{roll.NodeOf(stack, leaving)}); err != nil {
			c.t.Fatal(err)
		}
	})
	c.t.Logf("%s, which had the VIP, leaves: %d of %d writes failed", leaving.Name, failed, asked)
	// The VIP moves once, and takes the connection along that is open then.
	if failed > 1 {
		c.t.Errorf("%d of %d writes failed", failed, asked)
	}
	if members := c.members(stack); len(members) != 2 {
		c.t.Errorf("etcd's members are %v", members)
	}
	if _, err := c.client.CoreV1().Nodes().Get(c.t.Context(), leaving.Name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		c.t.Errorf("its node object is still there: %v", err)
	}
	// A run that was interrupted afterwards does it again.
	if err := c.newRoll(stack, roll.DefaultLimits()).Remove(c.t.Context(), []roll.Node{roll.NodeOf(stack, leaving)}); err != nil {
		c.t.Errorf("a second time: %v", err)
	}
}

func (c *cluster) members(stack *spec.Stack) (members []roll.Member) {
	c.t.Helper()
	c.eventually("etcd's members", func(ctx context.Context) (err error) {
		members, err = c.talos(stack.Nodes[0].Address).EtcdMembers(ctx)
		for _, m := range members {
			if m.Learner {
				err = errors.Join(err, fmt.Errorf("%s is a learner", m.Name))
			}
		}
		return err
	})
	return members
}

func (c *cluster) memberOf(stack *spec.Stack, name string) uint64 {
	c.t.Helper()
	for _, m := range c.members(stack) {
		if m.Name == name {
			return m.ID
		}
	}
	return 0
}
