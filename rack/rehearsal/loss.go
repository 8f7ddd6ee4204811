package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const (
	// lossLasts is how long a lost control plane stays lost: longer than a failover takes.
	lossLasts = 2 * time.Minute
	// failover is the longest that an API with a quorum may be away. Whoever has the VIP keeps its place in Talos's election
	// for a minute after its last sign of life (rack/kube, candidates); etcd elects a leader meanwhile, which lengthens that.
	failover = 75 * time.Second
)

// loss pulls the plug of a control plane and counts what its owner would notice.
func loss(ctx context.Context, r *rehearsal) error {
	if err := upAndUpAgain(ctx, r); err != nil {
		return err
	}
	planes := r.planes()
	// The one that has the VIP is the one whose loss is felt most.
	lost := r.vipHolder()
	if lost == nil {
		lost = planes[0]
	}
	return r.phase("loss", fmt.Sprintf("pulling the plug of %s for %s", lost.spec.Name, lossLasts), func() error {
		c, err := r.openCluster(ctx)
		if err != nil {
			return err
		}
		lost.PowerOff()
		felt, err := r.feel(ctx, c, lossLasts)
		if err != nil {
			return err
		}
		survives := len(planes) >= 3
		r.add("losing a control plane", felt.asExpected(survives), felt.String())
		lost.PowerOn()
		r.awaitReturn(ctx)
		_ = r.addReady(ctx, c, "after its return")
		return nil
	})
}

// awaitReturn waits until the cluster is as it was before the loss.
func (r *rehearsal) awaitReturn(ctx context.Context) {
	err := within(ctx, comesBack, r.observe)
	detail := "everything is back"
	if err != nil {
		detail = firstLine(err)
	}
	r.add("its return", err == nil, detail)
}

// feeling is what a client of the API noticed.
type feeling struct {
	requests, failed int
	// away is from the first failure until the last.
	away time.Duration
	// answered are the names of what was written.
	answered []string
}

func (f feeling) String() string {
	return fmt.Sprintf("%d of %d writes failed, over %.1f s", f.failed, f.requests, f.away.Seconds())
}

// asExpected tells a cluster that survives from one that has lost its quorum: that one must not take a single write
// after the first has failed, or etcd would not be what it is.
func (f feeling) asExpected(survives bool) bool {
	if survives {
		return f.requests > 10 && f.away <= failover
	}
	return f.failed > 0 && f.away > lossLasts/2
}

// feel writes to the API at its usual address, for as long as it is told.
func (r *rehearsal) feel(ctx context.Context, c *cluster, lasts time.Duration) (feeling, error) {
	config := rest.CopyConfig(c.rest)
	config.Timeout = 2 * time.Second
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return feeling{}, err
	}
	var f feeling
	var first time.Time
	for end := time.Now().Add(lasts); time.Now().Before(end); {
		began := time.Now()
		made, err := client.CoreV1().ConfigMaps("default").Create(ctx, &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "probe-"},
		}, metav1.CreateOptions{})
		f.requests++
		if err != nil {
			if f.failed == 0 {
				first = began
			}
			f.failed++
			f.away = time.Since(first)
		} else {
			f.answered = append(f.answered, made.Name)
		}
		if cause := context.Cause(ctx); cause != nil {
			return f, errors.Join(cause, err)
		}
		time.Sleep(max(0, 200*time.Millisecond-time.Since(began)))
	}
	return f, nil
}
