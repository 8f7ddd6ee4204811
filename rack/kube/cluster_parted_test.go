package kube_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/meta"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/home-ops/home-ops/rack/kube/internal/configtest"
	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/rack/sandbox"
)

// lease is the longest that a virtual IP may be away: its holder's session of a minute, which an etcd whose leader was lost
// with it lengthens by an election, and what a busy machine adds.
const lease = 90 * time.Second

func TestCluster_OfThreeControlPlanesGoesOnWithoutOneThatDoesNotSeeTheOthers(t *testing.T) {
	if !inRoom(t, vip, "10.0.50.11", "10.0.50.12", "10.0.50.13") {
		return
	}
	configs := configtest.New(t, "https://"+vip+":6443", configtest.VIP(vip), func(c *v1alpha1.Config) {
		c.ClusterConfig.EtcdConfig.EtcdExtraArgs = meta.Args{"listen-metrics-urls": meta.NewArgValue("http://0.0.0.0:2381", nil)}
	})
	c := newCluster(t)
	for i := 1; i <= 3; i++ {
		c.add(configs, machine.TypeControlPlane, fmt.Sprintf("cp-%d", i), fmt.Sprintf("10.0.50.1%d", i))
	}
	if err := c.machines["cp-1"].kube.Bootstrap(t.Context(), node.Recovery{}); err != nil {
		t.Fatal(err)
	}
	c.waitReady("cp-3")
	cut := c.holder()
	before := c.members("cp-1")
	one, others := c.machines[cut].machine.Addresses, []netip.Addr(nil)
	var remaining []string
	for name, m := range c.machines {
		if name != cut {
			remaining, others = append(remaining, name), append(others, m.machine.Addresses...)
		}
	}
	led, err := c.leader(t.Context(), cut)
	if err != nil || led == 0 {
		t.Fatalf("before: leader %x, %v", led, err)
	}
	t.Logf("%s has the virtual IP and is parted from %v; %016x leads", cut, remaining, led)

	if err := sandbox.Cut(one, others); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	c.eventually("the others have a leader that is not "+cut, 30*time.Second, func(ctx context.Context) error {
		for _, name := range remaining {
			leader, err := c.leader(ctx, name)
			if err != nil || leader == 0 || leader == id(before, cut) {
				return fmt.Errorf("%s: leader %016x, %w", name, leader, err)
			}
		}
		return nil
	})
	c.eventually("they write", 30*time.Second, func(ctx context.Context) error { return c.at(remaining[0]).write(ctx) })
	c.eventually(cut+" knows no leader", 30*time.Second, func(ctx context.Context) error {
		status, err := c.machines[cut].kube.EtcdStatus(ctx)
		if err != nil {
			return err
		}
		// What `homeops doctor` and the gates of a roll read.
		if status.GetLeader() != 0 || !slices.Equal(status.GetErrors(), []string{"etcdserver: no leader"}) {
			return fmt.Errorf("status %v", status)
		}
		return nil
	})
	// What the alert EtcdQuorumAtRisk reads.
	for name := range c.machines {
		want := "etcd_server_has_leader 1"
		if name == cut {
			want = "etcd_server_has_leader 0"
		}
		if exposed := c.metrics(name); !strings.Contains(exposed, "\n"+want+"\n") {
			t.Errorf("the metrics of %s have no %q", name, want)
		}
	}
	if members, err := c.machines[cut].kube.EtcdMembers(t.Context()); err == nil {
		t.Errorf("%s answers a linearizable read without the others: %+v", cut, members)
	}
	if err := c.at(cut).write(t.Context()); err == nil {
		t.Errorf("%s takes a write without the others", cut)
	}
	// In the house nothing but the end of the session moves it.
	if holder := c.holder(); holder != cut && time.Since(began) < 30*time.Second {
		t.Errorf("%s has the virtual IP after %s, and the session of %s lasts longer", holder, time.Since(began), cut)
	}
	c.eventually("the virtual IP leaves "+cut+", and writes go on there", lease-time.Since(began), func(ctx context.Context) error {
		if holder := c.holder(); holder == cut || holder == "" {
			return fmt.Errorf("%q has it", holder)
		}
		return c.write(ctx)
	})
	t.Logf("the virtual IP was away for %.0f s", time.Since(began).Seconds())

	if err := sandbox.Mend(one, others); err != nil {
		t.Fatal(err)
	}
	ready, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := c.fabric.WaitReady(ready); err != nil {
		c.logs()
		t.Fatal(err)
	}
	c.eventually("all members agree", time.Minute, func(ctx context.Context) error { return c.agree(ctx, before) })
	if holder := c.holder(); holder == cut {
		t.Errorf("%s has the virtual IP again", cut)
	}
}

// holder is the rack name of who has the virtual IP.
func (c *cluster) holder() string {
	return c.fabric.VirtualIPs()[vip+":6443"]
}

// members are those of etcd, by name, as one control plane lists them.
func (c *cluster) members(at string) []node.EtcdMember {
	c.t.Helper()
	members, err := c.machines[at].kube.EtcdMembers(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	return sorted(members)
}

func sorted(members []node.EtcdMember) []node.EtcdMember {
	slices.SortFunc(members, func(a, b node.EtcdMember) int { return strings.Compare(a.Hostname, b.Hostname) })
	for i := range members {
		members[i].Leader = false // that may be another
	}
	return members
}

func id(members []node.EtcdMember, name string) uint64 {
	i := slices.IndexFunc(members, func(m node.EtcdMember) bool { return m.Hostname == name })
	return members[i].ID
}

// leader is the member that a control plane takes for it.
func (c *cluster) leader(ctx context.Context, at string) (uint64, error) {
	status, err := c.machines[at].kube.EtcdStatus(ctx)
	return status.GetLeader(), err
}

// metrics are what etcd of a control plane exposes.
func (c *cluster) metrics(at string) string {
	c.t.Helper()
	reply, err := http.Get("http://" + c.machines[at].machine.Addresses[0].String() + ":2381/metrics")
	if err != nil {
		c.t.Fatal(err)
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(text)
}

// at is the cluster as one API server shows it.
func (c *cluster) at(name string) *cluster {
	c.t.Helper()
	other, config := *c, rest.CopyConfig(c.config)
	config.Host = "https://" + c.machines[name].machine.Addresses[0].String() + ":6443"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		c.t.Fatal(err)
	}
	other.config, other.client = config, client
	return &other
}

// agree is nil when every control plane has the same members, the same leader, and the same objects.
func (c *cluster) agree(ctx context.Context, members []node.EtcdMember) error {
	var errs []error
	leaders, objects := map[uint64]bool{}, map[string]bool{}
	for name := range c.machines {
		leader, err := c.leader(ctx, name)
		errs = append(errs, err)
		leaders[leader] = true
		listed, err := c.machines[name].kube.EtcdMembers(ctx)
		if err == nil && fmt.Sprint(sorted(listed)) != fmt.Sprint(members) {
			err = fmt.Errorf("%s lists %v, and before it was %v", name, listed, members)
		}
		errs = append(errs, err)
		maps, err := c.at(name).client.CoreV1().ConfigMaps(metav1.NamespaceDefault).List(ctx, metav1.ListOptions{})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		var names []string
		for i := range maps.Items {
			names = append(names, maps.Items[i].Name+" "+string(maps.Items[i].UID))
		}
		objects[fmt.Sprint(names)] = true
	}
	if len(leaders) != 1 || leaders[0] || len(objects) != 1 {
		errs = append(errs, fmt.Errorf("leaders %v, and %d views of what was written", leaders, len(objects)))
	}
	return errors.Join(errs...)
}
