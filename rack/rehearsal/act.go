package rehearsal

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/rack/report"
)

const (
	// writePause is between two writes of the client that counts them.
	writePause = 100 * time.Millisecond
	// patience is how long it waits for an answer: as long as leader election does, the most impatient client that each
	// cluster has (https://pkg.go.dev/k8s.io/client-go/tools/leaderelection#LeaderElectionConfig, RenewDeadline).
	patience = 10 * time.Second
	// keptErrors is how many failures are shown.
	keptErrors = 5
)

// act does something to a running cluster and reports what its users notice meanwhile: writes to the API at its usual
// address, and machines that are away.
func (r *rehearsal) act(ctx context.Context, c *cluster, name string, do func() error) (report.Step, error) {
	return r.actAt(ctx, []*rest.Config{c.rest}, name, do)
}

// actAt is an act in which the API may answer at any of several addresses.
func (r *rehearsal) actAt(ctx context.Context, at []*rest.Config, name string, do func() error) (report.Step, error) {
	var clients []kubernetes.Interface
	for _, config := range at {
		client, err := impatient(config)
		if err != nil {
			return report.Step{}, err
		}
		clients = append(clients, client)
	}
	step := report.Step{Name: name}
	// Where the address moves no machine goes down.
	stored, stop, err := r.watchStored(ctx, at[0])
	if err != nil {
		return report.Step{}, err
	}
	defer stop()
	outage := watchMachines(r.rack)
	ended := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() { write(ctx, clients, &step, ended) })
	began := time.Now()
	err = do()
	step.Seconds = time.Since(began).Seconds()
	close(ended)
	writing.Wait()
	step.NodesDownAtOnce, step.Down = outage.stop()
	outage.compare(&step, stored, time.Now())
	r.report.Scenario.Steps = append(r.report.Scenario.Steps, step)
	return step, err
}

// watchStored writes the history of the cluster's storage.
func (r *rehearsal) watchStored(ctx context.Context, config *rest.Config) (h *history, stop func(), err error) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, nil, err
	}
	return watchStorage(ctx, client, storageKinds(r.stack))
}

// impatient is a client that has a connection of its own for each request, as each kubectl has. A connection that is kept
// is cut whenever the VIP moves, in the house too, and its client connects again.
func impatient(config *rest.Config) (kubernetes.Interface, error) {
	config = rest.CopyConfig(config)
	config.QPS = -1
	config.WarningHandler = rest.NoWarnings{}
	trust, err := rest.TLSConfigFor(config)
	if err != nil {
		return nil, err
	}
	// It shows its token, where it has one.
	transport, err := rest.HTTPWrappersForConfig(config, &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true})
	if err != nil {
		return nil, err
	}
	return kubernetes.NewForConfigAndClient(config, &http.Client{Timeout: patience, Transport: transport})
}

// writtenBy marks what the client writes.
const writtenBy = "rack.home-ops/scenario"

// write writes until it is told to end, one after the other.
func write(ctx context.Context, clients []kubernetes.Interface, step *report.Step, ended <-chan struct{}) {
	tick := time.NewTicker(writePause)
	defer tick.Stop()
	for {
		writeOnce(ctx, clients, step)
		select {
		case <-ended:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// writeOnce writes, again and again and at one address after the other when its connection is cut, until it has an answer
// or no patience. A connection counts as cut when none of the addresses has answered.
func writeOnce(ctx context.Context, clients []kubernetes.Interface, step *report.Step) {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	began := time.Now()
	step.APIAsked++
	var err error
	for try := 0; ; try++ {
		_, err = clients[try%len(clients)].CoreV1().ConfigMaps(metav1.NamespaceDefault).Create(bounded, &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "write-", Labels: map[string]string{writtenBy: "write"}},
		}, metav1.CreateOptions{})
		var answered apierrors.APIStatus
		if err == nil || errors.As(err, &answered) || bounded.Err() != nil {
			break
		}
		if try%len(clients) < len(clients)-1 {
			continue
		}
		step.APICut++
		select {
		case <-bounded.Done():
		case <-time.After(writePause):
		}
	}
	step.APISlowestSeconds = max(step.APISlowestSeconds, time.Since(began).Seconds())
	if err == nil || ctx.Err() != nil {
		return
	}
	step.APIFailed++
	if len(step.APIErrors) < keptErrors {
		step.APIErrors = append(step.APIErrors, err.Error())
	}
}

// outage notes which machines are away.
type outage struct {
	rack *rack

	mu    sync.Mutex
	since map[string]time.Time
	most  int
	down  []report.Down
	// away are the times of down; an absence that lasts has no end.
	away []span
}

func watchMachines(r *rack) *outage {
	o := &outage{rack: r, since: map[string]time.Time{}}
	r.watch(o.note, nil)
	for _, m := range r.nodes {
		o.note(m.spec.Name, m.State())
	}
	return o
}

func (o *outage) note(name string, state node.State) {
	o.mu.Lock()
	defer o.mu.Unlock()
	began, away := o.since[name]
	switch {
	case state != node.Running && !away:
		o.since[name] = time.Now()
		o.down = append(o.down, report.Down{Node: name})
		o.away = append(o.away, span{from: o.since[name]})
	case state == node.Running && away:
		delete(o.since, name)
		for i := range o.down {
			if o.down[i].Node == name && o.down[i].Seconds == 0 {
				o.down[i].Seconds = time.Since(began).Seconds()
				o.away[i].to = time.Now()
			}
		}
	}
	o.most = max(o.most, len(o.since))
}

// compare puts the history of the storage beside the absences, when they have ended.
func (o *outage) compare(step *report.Step, stored *history, end time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range o.away {
		if o.away[i].to.IsZero() {
			o.away[i].to = end
		}
		step.Down[i].StorageLacked = stored.before(step.Down[i].Node, o.away[i].to)
	}
	step.StorageKept = stored.kept()
	step.StorageSeconds = stored.waited(o.away, end).Seconds()
}

// stop returns the most machines that were away at once, and each absence in its order.
func (o *outage) stop() (most int, down []report.Down) {
	o.rack.watch(nil, nil)
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.most, o.down
}
