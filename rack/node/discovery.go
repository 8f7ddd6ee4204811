package node

import (
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/config/machine"
)

// Discovery simulates the discovery service, at which the machines of a cluster find each other. Machines that
// share one see each other when their configs turn the service registry on.
type Discovery struct {
	mu       sync.Mutex
	clusters map[string]map[string]affiliate
}

// affiliate is what a machine tells about itself.
type affiliate struct {
	id, hostname, nodename string
	addresses              []netip.Addr
	machineType            machine.Type
	controlPlane           bool
	system                 string
	expires                time.Time
}

// affiliateLifetime is how long a machine is known after it was last heard of; half an hour on the real service.
const affiliateLifetime = 30 * time.Minute

// NewDiscovery makes a service that knows nobody.
func NewDiscovery() *Discovery {
	return &Discovery{clusters: map[string]map[string]affiliate{}}
}

func (d *Discovery) announce(cluster string, a affiliate) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.clusters[cluster] == nil {
		d.clusters[cluster] = map[string]affiliate{}
	}
	a.expires = time.Now().Add(affiliateLifetime)
	d.clusters[cluster][a.id] = a
}

// leave forgets a machine at once, as a reset does.
func (d *Discovery) leave(cluster, id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.clusters[cluster], id)
}

func (d *Discovery) list(cluster string) []affiliate {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []affiliate
	for _, a := range d.clusters[cluster] {
		if time.Now().Before(a.expires) {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b affiliate) int { return strings.Compare(a.nodename, b.nodename) })
	return list
}
