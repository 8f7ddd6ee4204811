package rehearsal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/client"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/home-ops/home-ops/rack/sandbox"
	"github.com/home-ops/home-ops/spec"
)

const (
	// partedFor is how long the machine sees no other: longer than it keeps the VIP, and some writes more.
	partedFor = 2 * time.Minute
	// agreesWithin is how long the members may take to be one cluster again.
	agreesWithin = time.Minute
	// leastAsked is how often the cut machine's Talos API must have been asked, once a second.
	leastAsked = 30
)

// parting is what was seen while a control plane did not see the others.
type parting struct {
	// cut is the control plane, and quorum says that the others have one without it.
	cut    string
	quorum bool
	felt   feeling
	// holder is who has the VIP at its end; empty for nobody.
	holder string
	// asked counts the questions to the cut machine's Talos API, and silent are those that failed.
	asked  int
	silent []error
	// wrote are the control planes whose own API server took a write, and wants those that should have.
	wrote, wants []string
	// doctor is what `homeops doctor` said, and reset how the reset of another control plane was refused.
	doctor, reset string
}

// partition cuts the path between the control plane that has the VIP and the others. All machines stay up.
func partition(ctx context.Context, r *rehearsal) error {
	planes := r.planes()
	if len(planes) < 2 || !r.stack.Network.VIP.IsValid() {
		return fmt.Errorf("SCENARIO=partition wants two control planes and a VIP, and %s has %d", r.stack.Name, len(planes))
	}
	return r.inUse(ctx, 0, func(c *cluster, _ marks) error {
		before, err := r.etcdAgrees(ctx, c)
		if err != nil {
			return err
		}
		cut := r.vipHolder()
		if cut == nil {
			return errors.New("nobody has the VIP")
		}
		what := fmt.Sprintf("cutting %s, which has the VIP, from the other control planes for %s", cut.spec.Name, partedFor)
		return r.phase("partition", what, func() error { return r.partAndMend(ctx, c, cut, before) })
	})
}

func (r *rehearsal) partAndMend(ctx context.Context, c *cluster, cut *machine, before map[string]uint64) error {
	var p parting
	did, err := r.act(ctx, c, "parted", func() (err error) {
		p, err = r.part(ctx, c, cut)
		return err
	})
	if err != nil {
		return err
	}
	r.judgeParting(p)
	// It has ended by the time that the act has.
	r.alone(did)
	did, err = r.act(ctx, c, "mended", func() error {
		began := time.Now()
		err := within(ctx, agreesWithin, func(ctx context.Context) error {
			now, err := r.etcdAgrees(ctx, c)
			if err == nil && !maps.Equal(now, before) {
				err = fmt.Errorf("the members are %v, and were %v", now, before)
			}
			return err
		})
		r.whole(time.Since(began), len(before), err)
		return within(ctx, comesBack, r.observe)
	})
	r.came(did, "the cluster comes back by itself", err)
	r.alone(did)
	if err == nil {
		r.keptAnswered(ctx, c, p.felt.answered)
	}
	return err
}

// part takes the path away, looks at what can be seen from outside, and gives the path back.
func (r *rehearsal) part(ctx context.Context, c *cluster, cut *machine) (p parting, err error) {
	planes := r.planes()
	p = parting{cut: cut.spec.Name, quorum: len(planes)-1 > len(planes)/2}
	var others []netip.Addr
	for _, m := range planes {
		if m != cut {
			others = append(others, m.spec.Addresses()...)
		}
		if m != cut && p.quorum {
			p.wants = append(p.wants, m.spec.Name)
		}
	}
	if err := sandbox.Cut(cut.spec.Addresses(), others); err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, sandbox.Mend(cut.spec.Addresses(), others)) }()
	watching, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	running.Go(func() { p.asked, p.silent = askTalos(watching, c, cut) })
	felt := make(chan error, 1)
	go func() {
		var err error
		p.felt, err = r.feel(ctx, c, partedFor)
		felt <- err
	}()
	// What the doctor says is wanted while the VIP is still where nobody can write.
	if err := within(ctx, failover, func(ctx context.Context) error { return parted(ctx, c, planes, p) }); err != nil {
		return p, errors.Join(fmt.Errorf("%s was cut off: %w", p.cut, err), <-felt)
	}
	p.doctor = r.saidBy(func() error { return r.asWritten(ctx, askDoctor, "", nil) })
	for _, m := range planes {
		if writeAt(ctx, c, m.spec.Address) == nil {
			p.wrote = append(p.wrote, m.spec.Name)
		}
	}
	err = <-felt
	if p.quorum {
		p.reset = r.saidBy(func() error {
			return r.homeops(ctx, "", "reset", r.stack.Name, p.wants[0])
		})
	}
	if holder := r.vipHolder(); holder != nil {
		p.holder = holder.spec.Name
	}
	stop()
	running.Wait()
	return p, err
}

// judgeParting is whether a parting was one, and whether everybody did what they should.
func (r *rehearsal) judgeParting(p parting) {
	r.add("parted: what clients notice", p.asExpected(), p.felt.String())
	r.add("parted: the VIP leaves the machine", p.holder != p.cut && (p.holder != "") == p.quorum, fmt.Sprintf("it was at %s, and is at %q", p.cut, p.holder))
	r.add("parted: only those write who have a quorum", slices.Equal(p.wrote, p.wants), fmt.Sprintf("%v did; wanted %v", p.wrote, p.wants))
	r.add("parted: the machine's Talos API answers", p.asked >= leastAsked && len(p.silent) == 0,
		fmt.Sprintf("%d of %d questions to %s failed %s", len(p.silent), p.asked, p.cut, detailOf(errors.Join(p.silent...), "")))
	says, quorum := "etcd on "+p.cut+" knows no leader", "etcd has no quorum"
	r.add("parted: homeops doctor names the machine", strings.Contains(p.doctor, says) && strings.Contains(p.doctor, quorum) != p.quorum,
		lineWith(p.doctor, "etcd"))
	r.add("parted: another control plane is not reset", !p.quorum || strings.Contains(p.reset, says), lineWith(p.reset, "etcd"))
}

// asExpected is whether clients noticed what they must: the address is away until the VIP has moved, and then all is well;
// or, without a quorum, nothing is written until the end.
func (p parting) asExpected() bool {
	if p.quorum {
		return p.felt.requests > 10 && p.felt.failed > 0 && p.felt.away <= failover
	}
	return p.felt.failed > 0 && p.felt.away > partedFor*3/4
}

// whole is whether etcd is what it was.
func (r *rehearsal) whole(took time.Duration, members int, err error) {
	r.addChecked("mended: etcd has the members that it had", fmt.Sprintf("%d, which have one leader after %.0f s", members, took.Seconds()), err)
}

// keptAnswered is whether everything is there that the API said was written meanwhile.
func (r *rehearsal) keptAnswered(ctx context.Context, c *cluster, names []string) {
	list, err := c.client.CoreV1().ConfigMaps(metav1.NamespaceDefault).List(ctx, metav1.ListOptions{})
	var lost []string
	if err == nil {
		there := map[string]bool{}
		for i := range list.Items {
			there[list.Items[i].Name] = true
		}
		for _, name := range names {
			if !there[name] {
				lost = append(lost, name)
			}
		}
	}
	if err == nil && len(lost) > 0 {
		err = fmt.Errorf("%d of %d are gone: %s", len(lost), len(names), strings.Join(lost[:min(keptErrors, len(lost))], ", "))
	}
	r.addChecked("mended: no write that was answered is lost", fmt.Sprintf("%d", len(names)), err)
}

// planes are the control planes, in the order of the stack file.
func (r *rehearsal) planes() []*machine {
	var planes []*machine
	for _, m := range r.rack.nodes {
		if m.spec.IsControlPlane() {
			planes = append(planes, m)
		}
	}
	return planes
}

// vipHolder is the machine that has the VIP; nil for none.
func (r *rehearsal) vipHolder() *machine {
	name := r.rack.fabric.VirtualIPs()[net.JoinHostPort(r.stack.Network.VIP.String(), spec.APIPort)]
	for _, m := range r.rack.nodes {
		if name != "" && m.spec.Name == name {
			return m
		}
	}
	return nil
}

// etcdAgrees is the members of etcd by their names, as all control planes tell of them with one leader.
func (r *rehearsal) etcdAgrees(ctx context.Context, c *cluster) (map[string]uint64, error) {
	var members map[string]uint64
	leaders := map[uint64]bool{}
	for _, m := range r.planes() {
		status, listed, err := etcdAt(ctx, c, m)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", m.spec.Name, err)
		case status.GetLeader() == 0 || len(status.GetErrors()) > 0:
			return nil, fmt.Errorf("etcd of %s has the leader %016x, and the errors %v", m.spec.Name, status.GetLeader(), status.GetErrors())
		case members != nil && !maps.Equal(members, listed):
			return nil, fmt.Errorf("%s lists the members %v, and another %v", m.spec.Name, listed, members)
		}
		members, leaders[status.GetLeader()] = listed, true
	}
	if len(leaders) != 1 {
		return nil, fmt.Errorf("etcd has %d leaders", len(leaders))
	}
	return members, nil
}

// etcdAt is what a machine says of its own member, and of all.
func etcdAt(ctx context.Context, c *cluster, m *machine) (*machineapi.EtcdMemberStatus, map[string]uint64, error) {
	address := m.spec.Address.String()
	talos, err := c.talos(ctx, address)
	if err != nil {
		return nil, nil, err
	}
	defer talos.Close() //nolint:errcheck // nothing was written
	ctx = client.WithNode(ctx, address)
	status, err := talos.EtcdStatus(ctx)
	if err != nil {
		return nil, nil, err
	}
	said := status.GetMessages()[0].GetMemberStatus()
	if said.GetLeader() == 0 {
		return said, nil, nil // it has a list, and does not tell it
	}
	list, err := talos.EtcdMemberList(ctx, &machineapi.EtcdMemberListRequest{})
	if err != nil {
		return nil, nil, err
	}
	members := map[string]uint64{}
	for _, message := range list.GetMessages() {
		for _, member := range message.GetMembers() {
			members[member.GetHostname()] = member.GetId()
		}
	}
	return said, members, nil
}

// parted is nil when etcd has noticed: those with a quorum have a leader, and the others none.
func parted(ctx context.Context, c *cluster, planes []*machine, p parting) error {
	for _, m := range planes {
		status, _, err := etcdAt(ctx, c, m)
		if led := status.GetLeader() != 0; err == nil && led != slices.Contains(p.wants, m.spec.Name) {
			err = fmt.Errorf("its etcd has the leader %016x", status.GetLeader())
		}
		if err != nil {
			return fmt.Errorf("%s: %w", m.spec.Name, err)
		}
	}
	return nil
}

// askTalos asks a machine's Talos API once a second for what any operator asks first.
func askTalos(ctx context.Context, c *cluster, m *machine) (asked int, silent []error) {
	address := m.spec.Address.String()
	ask := func() error {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		talos, err := c.talos(ctx, address)
		if err != nil {
			return err
		}
		defer talos.Close() //nolint:errcheck // nothing was written
		_, err = talos.ServiceList(client.WithNode(ctx, address))
		return err
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		err := ask()
		if ctx.Err() != nil {
			return asked, silent
		}
		asked++
		if err != nil {
			silent = append(silent, err)
		}
		select {
		case <-ctx.Done():
			return asked, silent
		case <-tick.C:
		}
	}
}

// writeAt writes to one control plane's own API server.
func writeAt(ctx context.Context, c *cluster, address netip.Addr) error {
	config := rest.CopyConfig(c.rest)
	config.Host = "https://" + net.JoinHostPort(address.String(), spec.APIPort)
	config.Timeout = patience
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	_, err = client.CoreV1().ConfigMaps(metav1.NamespaceDefault).Create(ctx, &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "write-", Labels: map[string]string{writtenBy: "write"}},
	}, metav1.CreateOptions{})
	return err
}

// saidBy is all that a command says, its error too: here it is wanted to find something.
func (r *rehearsal) saidBy(do func() error) string {
	var said bytes.Buffer
	shown := r.out
	r.out = io.MultiWriter(shown, &said)
	err := do()
	r.out = shown
	if err != nil {
		fmt.Fprintln(&said, err)
	}
	return said.String()
}

// lineWith is the first line that has a word, or all in one when none has.
func lineWith(text, word string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) {
			return strings.TrimSpace(line)
		}
	}
	return strings.Join(strings.Fields(text), " ")
}
