package kube

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/constants"
	"go.etcd.io/etcd/client/v3/concurrency"
)

const (
	// campaignPause is between two campaigns, as in Talos.
	campaignPause = time.Second
	// resignTimeout bounds the farewell to an etcd that may not answer.
	resignTimeout = 3 * time.Second
	// handOver is how long an address without a holder still leads to the former one. A client in the house sends its packet
	// again when nobody has taken it; one in the rack would be refused at once.
	handOver = time.Second
)

// errPowerCut ends a candidate that has no time to resign.
var errPowerCut = errors.New("the power is cut")

// candidates stand for the virtual IPs of a control plane's config, each in an election in etcd, as Talos has it
// (https://github.com/siderolabs/talos/blob/v1.14.1/internal/app/machined/pkg/controllers/network/operator/vip.go). Who
// wins keeps the address until it resigns, or its session with its own member has not been renewed for a minute: an address
// whose holder dies, or loses sight of the others, is away for that long. Whether the API server answers does not matter.
type candidates struct {
	plane *plane

	mu      sync.Mutex
	closed  bool
	running map[string]*candidate
}

// candidate stands for one address, host:port.
type candidate struct {
	plane   *plane
	address string
	cancel  context.CancelCauseFunc
	done    chan struct{}
}

func newCandidates(p *plane) *candidates {
	return &candidates{plane: p, running: map[string]*candidate{}}
}

// stand has a candidate for each of the addresses, and for no other.
func (c *candidates) stand(addresses []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	for address, one := range c.running {
		if !slices.Contains(addresses, address) {
			one.cancel(context.Canceled)
			delete(c.running, address)
		}
	}
	for _, address := range addresses {
		if c.running[address] == nil {
			ctx, cancel := context.WithCancelCause(context.Background())
			one := &candidate{plane: c.plane, address: address, cancel: cancel, done: make(chan struct{})}
			c.running[address] = one
			go one.run(ctx)
		}
	}
}

// resign has all of them give up what they hold, and waits for it; the fabric lets them stand again.
func (c *candidates) resign() { c.end(context.Canceled) }

// close ends them for good: in order, or as a power cut does.
func (c *candidates) close(orderly bool) {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	if orderly {
		c.end(context.Canceled)
	} else {
		c.end(errPowerCut)
	}
}

func (c *candidates) end(why error) {
	c.mu.Lock()
	ending := c.running
	c.running = map[string]*candidate{}
	c.mu.Unlock()
	for _, one := range ending {
		one.cancel(why)
	}
	for _, one := range ending {
		<-one.done
	}
}

func (c *candidate) run(ctx context.Context) {
	defer close(c.done)
	for ; ctx.Err() == nil; sleep(ctx, campaignPause) {
		if err := c.campaign(ctx); err != nil && ctx.Err() == nil {
			c.plane.log.Warn("virtual IP: campaign failure", "address", c.address, "error", err)
		}
	}
}

// campaign stands in one election, and returns when the address is lost or its session is over.
func (c *candidate) campaign(ctx context.Context) error {
	for !c.plane.member.hasQuorum() {
		if sleep(ctx, probePeriod); ctx.Err() != nil {
			return nil
		}
	}
	client, err := c.plane.member.spec.NewClient(c.plane.member.spec.ClientURL())
	if err != nil {
		return err
	}
	defer client.Close()
	session, err := concurrency.NewSession(client.Client, concurrency.WithContext(ctx))
	if err != nil {
		return fmt.Errorf("session: %w", err)
	}
	ip, _, err := net.SplitHostPort(c.address)
	if err != nil {
		return err
	}
	key, name := constants.EtcdRootTalosKey+":vip:election:"+ip, c.plane.member.spec.Name
	election := concurrency.NewElection(session, key)
	if err := c.resignFormer(ctx, session, election, key, name); err != nil {
		return fmt.Errorf("the former election: %w", err)
	}
	campaign, giveUp := context.WithCancel(ctx)
	won := make(chan error, 1)
	go func() { won <- election.Campaign(campaign, name) }()
	defer func() {
		giveUp()
		c.farewell(ctx, func(ctx context.Context) error {
			_, err := client.Revoke(ctx, session.Lease())
			return err
		})
	}()
	select {
	case err := <-won:
		if err != nil {
			return err
		}
	case <-session.Done():
		return nil
	}
	c.plane.fabric.hold(c.address, c.plane)
	defer c.letGo(ctx, election)
	c.hold(ctx, session, election, name)
	return nil
}

// resignFormer ends an election that this machine won before it went down: without that its key would be in the way until
// its lease has ended.
func (c *candidate) resignFormer(ctx context.Context, session *concurrency.Session, election *concurrency.Election, key, name string) error {
	leader, err := election.Leader(ctx)
	switch {
	case errors.Is(err, concurrency.ErrElectionNoLeader):
		return nil
	case err != nil:
		return err
	case string(leader.Kvs[0].Value) != name:
		return nil
	}
	return concurrency.ResumeElection(session, key, string(leader.Kvs[0].Key), leader.Kvs[0].CreateRevision).Resign(ctx)
}

// hold returns when the address is no longer this machine's. A machine whose etcd has died gives it up at once, and tells
// the others when it is back.
func (c *candidate) hold(ctx context.Context, session *concurrency.Session, election *concurrency.Election, name string) {
	deaths := c.plane.member.deaths()
	watching, stop := context.WithCancel(ctx)
	defer stop()
	leaders := election.Observe(watching)
	tick := time.NewTicker(probePeriod)
	defer tick.Stop()
	for {
		select {
		case <-session.Done():
			return
		case leader, ok := <-leaders:
			if !ok || string(leader.Kvs[0].Value) != name {
				return
			}
		case <-tick.C:
			if c.plane.member.hasLeft() || c.plane.member.deaths() != deaths {
				return
			}
		}
	}
}

// letGo gives the address up. One that is handed over in order leads here until the next has it.
func (c *candidate) letGo(ctx context.Context, election *concurrency.Election) {
	fabric := c.plane.fabric
	if ctx.Err() == nil || errors.Is(context.Cause(ctx), errPowerCut) {
		fabric.letGo(c.address, c.plane)
	}
	c.farewell(ctx, election.Resign)
	for end := time.Now().Add(handOver); fabric.holds(c.address, c.plane) && time.Now().Before(end); {
		time.Sleep(handOver / 100)
	}
	fabric.letGo(c.address, c.plane)
}

// farewell tells etcd that this machine goes, if there is time for it.
func (c *candidate) farewell(ctx context.Context, say func(context.Context) error) {
	if errors.Is(context.Cause(ctx), errPowerCut) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resignTimeout)
	defer cancel()
	if err := say(ctx); err != nil {
		c.plane.log.Debug("virtual IP: etcd was not told", "address", c.address, "error", err)
	}
}
