package rehearsal

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/rack/report"
)

// writePause is between two writes of the client that counts them.
const writePause = 100 * time.Millisecond

// act does something to a running cluster and reports what its users notice meanwhile: writes to the API at its usual
// address, by a client that tries none of them again, and machines that are away.
func (r *rehearsal) act(ctx context.Context, c *cluster, name string, do func() error) (report.Step, error) {
	config := rest.CopyConfig(c.rest)
	config.Timeout = 2 * time.Second
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return report.Step{}, err
	}
	step := report.Step{Name: name}
	outage := watchMachines(r.rack)
	ended := make(chan struct{})
	var counting sync.WaitGroup
	counting.Go(func() {
		tick := time.NewTicker(writePause)
		defer tick.Stop()
		for {
			_, err := client.CoreV1().ConfigMaps("default").Create(ctx, &corev1.ConfigMap{
				ObjectMeta: metav1.ObjectMeta{GenerateName: "write-"},
			}, metav1.CreateOptions{})
			step.APIAsked++
			if err != nil {
				step.APIFailed++
			}
			select {
			case <-ended:
				return
			case <-tick.C:
			}
		}
	})
	began := time.Now()
	err = do()
	step.Seconds = time.Since(began).Seconds()
	close(ended)
	counting.Wait()
	step.NodesDownAtOnce, step.Order = outage.stop()
	r.report.Scenario.Steps = append(r.report.Scenario.Steps, step)
	return step, err
}

// outage notes which machines are away.
type outage struct {
	rack *rack

	mu    sync.Mutex
	away  map[string]bool
	most  int
	order []string
}

func watchMachines(r *rack) *outage {
	o := &outage{rack: r, away: map[string]bool{}}
	for _, m := range r.nodes {
		o.note(m.spec.Name, m.State())
	}
	r.watch(o.note, nil)
	return o
}

func (o *outage) note(name string, state node.State) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case state == node.Running:
		delete(o.away, name)
	case !o.away[name]:
		o.away[name] = true
		o.order = append(o.order, name)
	}
	o.most = max(o.most, len(o.away))
}

// stop returns the most machines that were away at once, and all in the order in which they left.
func (o *outage) stop() (most int, order []string) {
	o.rack.watch(nil, nil)
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.most, o.order
}
