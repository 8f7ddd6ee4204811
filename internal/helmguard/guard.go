package helmguard

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/home-ops/home-ops/internal/kubeapi"
)

const (
	// markLasts is how long a mark says that its run lives, and so how long a later run
	// looks at one before it takes it for a dead one's.
	markLasts = 15 * time.Second
	// markInterval is how often a living run renews its marks.
	markInterval = 3 * time.Second
	// longestOperation is how long an operation of somebody else may take. Helm's own
	// default is five minutes; what a person gives to --timeout is not in the record.
	longestOperation = 30 * time.Minute
)

// Guard is this run's side of it.
type Guard struct {
	holder string
	lasts  time.Duration
	renew  time.Duration
	tell   func(string)

	mu   sync.Mutex
	dial func() (kubeapi.API, error)
	// held ends the renewal of each release's mark, and returns when it has ended.
	held map[release]func()
}

// New makes a guard. What it removes, it tells.
func New(tell func(string)) *Guard {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return &Guard{
		holder: fmt.Sprintf("%s, process %d, %s", host, os.Getpid(), rand.Text()[:8]),
		lasts:  markLasts, renew: markInterval, tell: tell, held: map[release]func(){},
	}
}

// Open says how the cluster is reached. It comes before the first release.
func (g *Guard) Open(dial func() (kubeapi.API, error)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dial = dial
}

func (g *Guard) reach() (api, error) {
	g.mu.Lock()
	dial := g.dial
	g.mu.Unlock()
	if dial == nil {
		return api{}, errors.New("nobody has said where the cluster is")
	}
	reached, err := dial()
	return api{reached}, err
}

// BeforeCreate is called before a release is made. It takes over what a dead run has installed without the engine hearing
// of it: Helm's records of it are removed, and the installation that follows adopts its objects. An error says who is at
// work on the release, or that it is another's.
func (g *Guard) BeforeCreate(ctx context.Context, namespace, name string) error {
	return g.before(ctx, release{namespace, name}, g.clearInstalled)
}

// BeforeUpdate is called before a release is changed. It removes the record of an operation that a dead run did not end.
// An error says who is at work on the release.
func (g *Guard) BeforeUpdate(ctx context.Context, namespace, name string) error {
	return g.before(ctx, release{namespace, name}, g.clearPending)
}

// before clears the way, and marks the release as this run's for as long as ctx lives.
func (g *Guard) before(ctx context.Context, of release, clear func(context.Context, api, release) error) error {
	api, err := g.reach()
	if err != nil {
		return fmt.Errorf("release %s: %w", of, err)
	}
	if err := clear(ctx, api, of); err != nil {
		return fmt.Errorf("release %s: %w", of, err)
	}
	if err := api.mark(ctx, of, g.holder, g.lasts); err != nil {
		return fmt.Errorf("release %s: mark it as this run's: %w", of, err)
	}
	g.hold(ctx, api, of)
	return nil
}

// After is called when the release has been made or changed. The mark stays, and is renewed no more: it says that the
// release is this program's.
func (g *Guard) After(_ context.Context, namespace, name string) error {
	of := release{namespace, name}
	g.mu.Lock()
	stop := g.held[of]
	delete(g.held, of)
	g.mu.Unlock()
	if stop != nil {
		stop()
	}
	return nil
}

// clearPending removes the release's pending record, if nobody is at work on it.
func (g *Guard) clearPending(ctx context.Context, api api, of release) error {
	records, err := api.records(ctx, of)
	if err != nil || len(records) == 0 {
		return err
	}
	newest := records[len(records)-1]
	if !newest.pending() {
		return nil
	}
	holder, err := g.dead(ctx, api, of, newest)
	if err != nil {
		return err
	}
	if holder == "" {
		return g.clearUnmarked(ctx, api, of, newest)
	}
	g.tell(fmt.Sprintf("release %s: revision %d was left %s by a run that has died (%s); its record is removed",
		of, newest.revision, newest.status, holder))
	return api.remove(ctx, of, newest)
}

// clearInstalled removes every record of a release that the engine does not know, if it is this program's and nobody is at
// work on it. The newest goes last, so that a run that is killed meanwhile leaves one to take over.
func (g *Guard) clearInstalled(ctx context.Context, api api, of release) error {
	records, err := api.records(ctx, of)
	if err != nil || len(records) == 0 {
		return err
	}
	newest := records[len(records)-1]
	holder, err := g.dead(ctx, api, of, newest)
	switch {
	case err != nil:
		return err
	case holder == "" && newest.pending():
		return g.clearUnmarked(ctx, api, of, newest)
	case holder == "":
		return fmt.Errorf("it is there already, %s in revision %d, and this program has not made it. To have it made anew: helm uninstall --namespace %s %s",
			newest.status, newest.revision, of.namespace, of.name)
	}
	g.tell(fmt.Sprintf("release %s: revision %d was left %s, unknown to the state, by a run that has died (%s); it is taken over",
		of, newest.revision, newest.status, holder))
	for _, r := range records {
		if err := api.remove(ctx, of, r); err != nil {
			return err
		}
	}
	return nil
}

// dead gives the run that has marked the release, and has died; empty where none has. An error says that it lives.
func (g *Guard) dead(ctx context.Context, api api, of release, newest record) (holder string, err error) {
	mark, err := api.lease(ctx, of)
	if err != nil || mark == nil {
		return "", err
	}
	holder = "another run"
	if mark.Spec.HolderIdentity != nil {
		holder = *mark.Spec.HolderIdentity
	}
	lives, err := api.renewed(ctx, of, mark, g.lasts)
	if err == nil && lives {
		err = fmt.Errorf("it is %s, by a run that is still at work (%s); wait until that has ended", newest.status, holder)
	}
	return holder, err
}

// clearUnmarked decides about a record that no run of this program has marked.
func (g *Guard) clearUnmarked(ctx context.Context, api api, of release, found record) error {
	if age := time.Since(found.made); age < longestOperation {
		return fmt.Errorf("it is %s since %s, by a helm command that this program did not run. If that has ended: kubectl delete secret --namespace %s %s",
			found.status, found.made.Local().Format(time.TimeOnly), of.namespace, found.secret)
	}
	g.tell(fmt.Sprintf("release %s: revision %d is %s for longer than any operation takes; its record is removed",
		of, found.revision, found.status))
	return api.remove(ctx, of, found)
}

// hold renews the mark until After is called or ctx ends. A renewal that fails is tried
// again: the mark outlives several.
func (g *Guard) hold(ctx context.Context, api api, of release) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	g.mu.Lock()
	before := g.held[of]
	g.held[of] = func() { cancel(); <-ended }
	g.mu.Unlock()
	if before != nil {
		before()
	}
	go func() {
		defer close(ended)
		tick := time.NewTicker(g.renew)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if err := api.mark(ctx, of, g.holder, g.lasts); err != nil && !errors.Is(err, context.Canceled) {
					g.tell(fmt.Sprintf("release %s: renew the mark of this run: %v", of, err))
				}
			}
		}
	}()
}
