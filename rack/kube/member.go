package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"github.com/home-ops/home-ops/rack/kube/etcd"
	"github.com/home-ops/home-ops/rack/kube/process"
	"github.com/home-ops/home-ops/rack/node"
)

const (
	// joinPause is the wait between attempts to join a cluster; a real node tries every three seconds.
	joinPause = time.Second
	// leaveTimeout is how long a member tries to leave.
	leaveTimeout = 5 * time.Minute
	// etcdTimeout bounds one question to etcd.
	etcdTimeout = 3 * time.Second
	// etcdGrace is how long a member may take to hand over its leadership and end.
	etcdGrace = 3 * time.Second
)

// member is the etcd service of a control plane: it waits to be bootstrapped or to join, then runs.
type member struct {
	plane *plane
	spec  etcd.Member

	// bootstraps takes the order to begin a cluster.
	bootstraps chan node.Recovery
	// started is closed once the process runs, healthy once it has had a quorum.
	started, healthy chan struct{}

	mu      sync.Mutex
	process *process.Process
	quorum  bool
	// beginning is set from the order to begin a cluster on, until it has failed.
	beginning bool
	// waiting says what the member waits for while it has no process.
	waiting string
	left    bool
}

func newMember(p *plane, spec etcd.Member) *member {
	return &member{
		plane: p, spec: spec, waiting: "Running pre state",
		bootstraps: make(chan node.Recovery, 1), started: make(chan struct{}), healthy: make(chan struct{}),
	}
}

// bootstrap lets the member start a cluster of its own; false says that it was told so before, or has joined one.
func (m *member) bootstrap(from node.Recovery) (first bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.beginning || isClosed(m.started) {
		return false
	}
	m.beginning = true
	m.bootstraps <- from
	return true
}

// waitHealthy returns true once the member has had a quorum, false when the context ends before.
func (m *member) waitHealthy(ctx context.Context) bool {
	select {
	case <-m.healthy:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// run is the service, until the context ends.
func (m *member) run(ctx context.Context, orderly <-chan struct{}) {
	start, ok := m.howToStart(ctx)
	if !ok {
		return
	}
	p, err := m.start(start)
	if err != nil {
		m.setWaiting(err.Error())
		m.plane.log.Error("etcd", "error", err)
		return
	}
	m.watch(ctx)
	if isClosed(orderly) {
		p.Stop()
	} else {
		p.Kill()
	}
}

// howToStart waits for the bootstrap, or until the member was added to a cluster. One with data has its place already.
func (m *member) howToStart(ctx context.Context) (etcd.Start, bool) {
	if etcd.HasData(m.spec.Dir) {
		return etcd.Start{}, true
	}
	next := time.After(0)
	for {
		select {
		case <-ctx.Done():
			return etcd.Start{}, false
		case from := <-m.bootstraps:
			err := m.recover(ctx, from)
			if err == nil {
				return m.spec.Bootstrap(), true
			}
			m.failed(err)
			next = nil // the service has failed: it joins nobody any more
		case <-next:
			start, err := m.join(ctx)
			if err == nil {
				return start, true
			}
			m.setWaiting(err.Error())
			next = time.After(joinPause)
		}
	}
}

// recover makes the data of a first member out of a snapshot, if it begins with one. What is left of one that fails is in
// the way of the next, as on a real machine.
func (m *member) recover(ctx context.Context, from node.Recovery) error {
	if from.Snapshot == "" {
		return nil
	}
	cmd := exec.CommandContext(ctx, m.plane.fabric.opts.Etcd(m.spec.Talos), m.spec.RestoreArgs(from)...)
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("error recovering from the snapshot: %w: %s", err, bytes.TrimSpace(said))
	}
	return os.Remove(from.Snapshot)
}

// failed says why no cluster was begun, and lets it be tried again.
func (m *member) failed(err error) {
	m.plane.log.Error("etcd", "error", err)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.beginning, m.waiting = false, err.Error()
}

var errNobody = errors.New("etcd is waiting to join the cluster; if this node is the first, bootstrap it")

func (m *member) join(ctx context.Context) (etcd.Start, error) {
	urls := m.plane.fabric.etcdURLs(m.plane)
	if len(urls) == 0 {
		return etcd.Start{}, errNobody
	}
	client, err := m.spec.NewClient(urls...)
	if err != nil {
		return etcd.Start{}, err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, 2*etcdTimeout)
	defer cancel()
	start, id, err := client.Join(ctx, m.spec)
	if err == nil {
		m.plane.log.Info("etcd joins as a learner", "member", fmt.Sprintf("%016x", id))
	}
	return start, err
}

func (m *member) start(how etcd.Start) (*process.Process, error) {
	if err := m.spec.WritePKI(); err != nil {
		return nil, err
	}
	args, err := m.spec.Args(how)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.process = process.Start(process.Command{
		Name: "etcd", Path: m.plane.fabric.opts.Etcd(m.spec.Talos), Args: append([]string{"etcd"}, args...), Env: []string{"HOME=" + m.spec.Dir},
		Hostname: m.spec.Name, Log: m.plane.logFile("etcd"), Grace: etcdGrace,
	}, func(exit process.Exit) { m.plane.log.Error("etcd ended, starting it again", "error", exit) })
	close(m.started)
	return m.process, nil
}

// watch looks after the running member: whether it has a quorum, and whether it may become a voter.
func (m *member) watch(ctx context.Context) {
	client, err := m.spec.NewClient(m.spec.ClientURL())
	if err != nil {
		m.plane.log.Error("etcd", "error", err)
		<-ctx.Done()
		return
	}
	defer client.Close()
	for first := true; ctx.Err() == nil; {
		err := ask(ctx, client.Quorum)
		m.setQuorum(err == nil)
		switch {
		case err != nil:
			m.promote(ctx, client)
			sleep(ctx, probePeriod)
		case first:
			first = false
			close(m.healthy)
		default:
			sleep(ctx, 2*time.Second)
		}
	}
}

// promote makes a voter of a learner that has caught up; until it has, the cluster refuses, and it is asked again.
func (m *member) promote(ctx context.Context, own *etcd.Client) {
	err := ask(ctx, func(ctx context.Context) error {
		status, err := own.Status(ctx, m.spec.ClientURL())
		if err != nil || !status.IsLearner {
			return err
		}
		urls := m.plane.fabric.etcdURLs(m.plane)
		if len(urls) == 0 {
			return nil
		}
		others, err := m.spec.NewClient(urls...)
		if err != nil {
			return err
		}
		defer others.Close()
		_, err = others.MemberPromote(ctx, status.Header.MemberId)
		if err == nil {
			m.plane.log.Info("etcd was promoted to a voting member")
		}
		return err
	})
	if err != nil {
		m.plane.log.Debug("etcd is not promoted yet", "error", err)
	}
}

// leave removes the member from its cluster and its data from the disk. The last member cannot leave.
func (m *member) leave(ctx context.Context) error {
	client, err := m.spec.NewClient(append(m.plane.fabric.etcdURLs(m.plane), m.spec.ClientURL())...)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := m.removeFrom(ctx, client); err != nil {
		return fmt.Errorf("etcd: leaving the cluster: %w", err)
	}
	m.mu.Lock()
	p := m.process
	m.left, m.quorum = true, false
	m.mu.Unlock()
	if p != nil {
		p.Stop()
	}
	return removeContents(m.spec.DataDir())
}

// removeFrom is as patient as Talos is: a member that has just been removed may stop before it has said so, and one that
// has lost sight of the others may find them again
// (LeaveCluster in https://github.com/siderolabs/talos/blob/v1.14.1/internal/pkg/etcd/etcd.go).
func (m *member) removeFrom(ctx context.Context, client *etcd.Client) error {
	ctx, cancel := context.WithTimeout(ctx, leaveTimeout)
	defer cancel()
	for {
		err := ask(ctx, func(ctx context.Context) error {
			members, err := client.MemberList(ctx)
			if err != nil {
				return err
			}
			for _, member := range members.Members {
				if slices.Contains(member.PeerURLs, m.spec.PeerURL()) {
					_, err = client.MemberRemove(ctx, member.ID)
				}
			}
			return err
		})
		switch {
		case err == nil, errors.Is(err, rpctypes.ErrMemberNotFound):
			return nil
		case !errors.Is(err, rpctypes.ErrStopped) && !errors.Is(err, rpctypes.ErrUnhealthy), ctx.Err() != nil:
			return err
		}
		sleep(ctx, joinPause)
	}
}

// list is every member of the cluster, this one first.
func (m *member) list(ctx context.Context) ([]node.EtcdMember, error) {
	client, err := m.spec.NewClient(m.spec.ClientURL())
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var members []node.EtcdMember
	err = ask(ctx, func(ctx context.Context) error {
		status, err := client.Status(ctx, m.spec.ClientURL())
		if err != nil {
			return err
		}
		list, err := client.MemberList(ctx)
		if err != nil {
			return err
		}
		for _, each := range list.Members {
			one := node.EtcdMember{
				ID: each.ID, Hostname: each.Name, PeerURLs: each.PeerURLs, ClientURLs: each.ClientURLs, IsLearner: each.IsLearner,
				Leader: each.ID == status.Leader,
			}
			if each.ID == status.Header.MemberId {
				members = append([]node.EtcdMember{one}, members...)
			} else {
				members = append(members, one)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("etcd members: %w", err)
	}
	return members, nil
}

// ask bounds a question to etcd.
func ask(ctx context.Context, question func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, etcdTimeout)
	defer cancel()
	return question(ctx)
}

func removeContents(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

// etcdURLs are the client URLs of the cluster's other members that run: what discovery tells a real control plane.
func (f *Fabric) etcdURLs(self *plane) []string {
	var urls []string
	cluster := clusterID(self.current().Config)
	for _, p := range f.planes() {
		if other := p.current(); p != self && clusterID(other.Config) == cluster && p.member.hasQuorum() {
			urls = append(urls, other.EtcdURL)
		}
	}
	return urls
}

func clusterID(cfg config.Provider) string {
	if identity := cfg.DiscoveryIdentityConfig(); identity != nil {
		return identity.ClusterID()
	}
	return ""
}
