package cluster

import (
	"cmp"
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
)

const (
	// settle is how long a controller waits for further changes before it looks: they come in groups.
	settle = 50 * time.Millisecond
	// apart is how long after a look the next one is at the earliest: where everything changes at once, each change would be one.
	apart = 250 * time.Millisecond
	// retry is the pause after a pass that failed.
	retry = time.Second
	// resync is how often it looks although nothing changed.
	resync = 30 * time.Second
	// renewal is how long an operator tries to renew its lease, as controller-runtime does
	// (https://pkg.go.dev/sigs.k8s.io/controller-runtime/pkg/manager#Options, RenewDeadline).
	renewal = 10 * time.Second
	// renewEvery is how often it does.
	renewEvery = time.Second
)

// Controller plays a part of an operator.
type Controller struct {
	// Name is what logs call it, and whom the API says its writes are by.
	Name string
	// Operators are the names of the Deployments that it stands for, as patterns of path.Match, in any namespace. It acts
	// while one of them has a ready pod that reaches the API; one without operators always does.
	Operators []string
	// Kinds are what it reads. Each change of one wakes it.
	Kinds []Kind
	// Every is how often it looks although nothing changed, for what time alone changes. Default: half a minute.
	Every time.Duration
	// Pass makes the cluster what the operator would make of it. The pods are the operator's ready ones; the first leads.
	// There are none for a controller without operators.
	Pass func(ctx context.Context, c *Cluster, pods []Pod) error
}

// Play lets the controllers act on a cluster until the context ends. An API server that is away is waited for.
func Play(ctx context.Context, cfg *rest.Config, log *slog.Logger, controllers ...Controller) error {
	s, err := newStore(cfg, log)
	if err != nil {
		return err
	}
	var players []*player
	for _, controller := range controllers {
		p := &player{
			controller: controller, wake: make(chan struct{}, 1),
			cluster: &Cluster{Log: log.With("addon", controller.Name), store: s, manager: controller.Name},
		}
		p.controller.Kinds = append([]Kind{Deployments, Pods}, controller.Kinds...)
		s.subscribe(p.wake, p.controller.Kinds)
		players = append(players, p)
	}
	s.start(ctx)
	var all sync.WaitGroup
	for _, p := range players {
		all.Go(func() { p.play(ctx) })
	}
	all.Wait()
	return nil
}

// player runs one controller.
type player struct {
	controller Controller
	cluster    *Cluster
	wake       chan struct{}
	// acts is whether its operator had a ready pod; failed is what the last pass failed with.
	acts   bool
	failed string
}

func (p *player) play(ctx context.Context) {
	every := cmp.Or(p.controller.Every, resync)
	pause := every
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.wake:
		case <-time.After(pause):
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(settle, apart-time.Since(last))):
		}
		pause, p.cluster.again = every, 0
		if !p.pass(ctx) {
			pause = retry
		}
		if again := p.cluster.again; again > 0 {
			pause = min(pause, again)
		}
		last = time.Now()
	}
}

// pass reports whether nothing is left to do until something changes.
func (p *player) pass(ctx context.Context) bool {
	if !p.cluster.store.known(p.controller.Kinds) {
		return false
	}
	pods := p.cluster.operatorPods(p.controller.Operators)
	if acts := len(pods) > 0 || len(p.controller.Operators) == 0; acts != p.acts {
		p.acts = acts
		p.cluster.Log.Info("operator", "ready", acts)
	}
	if !p.acts {
		return true
	}
	return p.passAs(ctx, pods)
}

// passAs is a pass of an operator with these pods.
func (p *player) passAs(ctx context.Context, pods []Pod) bool {
	if len(pods) > 0 && !p.cluster.store.leads(ctx, pods[0]) {
		return false
	}
	err := p.controller.Pass(ctx, p.cluster, pods)
	if err == nil {
		p.failed = ""
		return true
	}
	if text := err.Error(); text != p.failed && ctx.Err() == nil {
		p.failed = text
		p.cluster.Log.Log(ctx, levelOf(err), "pass", "error", err)
	}
	return false
}

// levelOf is how loud a failure is told. What the API server finds invalid, or knows no field for, is the rack's own fault: no try
// after this one does better.
func levelOf(err error) slog.Level {
	if apierrors.IsInvalid(err) || strings.Contains(err.Error(), "field not declared in schema") {
		return slog.LevelWarn
	}
	return slog.LevelDebug
}
