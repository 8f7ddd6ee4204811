package etcd

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/home-ops/home-ops/rack/kube/pki"
)

// Client talks to a cluster as Talos itself does.
type Client struct {
	*clientv3.Client
}

// NewClient makes a client for these client URLs, with a certificate issued from the member's own config: a cluster with
// other secrets refuses it.
func (m Member) NewClient(urls ...string) (*Client, error) {
	ca := m.Config.Cluster().Etcd().CA()
	pair, err := pki.Issue(ca, pki.Leaf{CommonName: "talos", Client: true})
	if err != nil {
		return nil, fmt.Errorf("etcd client: %w", err)
	}
	tls, err := pki.ClientTLS(ca.Crt, pair)
	if err != nil {
		return nil, fmt.Errorf("etcd client: %w", err)
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: urls, TLS: tls, DialTimeout: 3 * time.Second, Logger: zap.NewNop()})
	if err != nil {
		return nil, fmt.Errorf("etcd client: %w", err)
	}
	return &Client{client}, nil
}

// Quorum answers whether a read that needs a majority succeeds. A learner never has it.
func (c *Client) Quorum(ctx context.Context) error {
	_, err := c.Get(ctx, "health")
	return err
}

// Join adds the member to the cluster as a learner and says how it has to start. What an earlier attempt left of it is
// removed first.
func (c *Client) Join(ctx context.Context, m Member) (Start, uint64, error) {
	ctx = clientv3.WithRequireLeader(ctx)
	before, err := c.MemberList(ctx)
	if err != nil {
		return Start{}, 0, fmt.Errorf("etcd members: %w", err)
	}
	for _, other := range before.Members {
		if other.Name == m.Name || slices.Contains(other.PeerURLs, m.PeerURL()) {
			if _, err := c.MemberRemove(ctx, other.ID); err != nil {
				return Start{}, 0, fmt.Errorf("etcd member %s from before: %w", m.Name, err)
			}
		}
	}
	added, err := c.MemberAddAsLearner(ctx, []string{m.PeerURL()})
	if err != nil {
		return Start{}, 0, fmt.Errorf("etcd member %s as learner: %w", m.Name, err)
	}
	return Start{Cluster: initialCluster(added.Members, added.Member.ID, m.Name), Join: true}, added.Member.ID, nil
}

func initialCluster(members []*etcdserverpb.Member, self uint64, name string) string {
	var peers []string
	for _, member := range members {
		memberName := member.Name
		if member.ID == self {
			memberName = name
		}
		for _, url := range member.PeerURLs {
			peers = append(peers, memberName+"="+url)
		}
	}
	return strings.Join(peers, ",")
}
