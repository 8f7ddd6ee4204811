package talos

import (
	"context"
	"errors"
	"fmt"
	"time"

	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/home-ops/home-ops/spec"
)

// EtcdStarter returns once one of the control planes holds etcd data. The first of
// them is the one to start etcd on when none does.
type EtcdStarter func(ctx context.Context, controlPlanes []spec.Node, credentials Credentials) error

// patience is how long to wait for what.
type patience struct {
	// all covers everything.
	all time.Duration
	// attempt is one question to one machine, repeated every interval.
	attempt, interval time.Duration
	// forgotten is after how long a bootstrap that left no trace is asked for again.
	forgotten time.Duration
}

func defaultPatience() patience {
	return patience{
		// A machine pulls an installer image, writes its disk and boots twice.
		all:      15 * time.Minute,
		attempt:  10 * time.Second,
		interval: 2 * time.Second,
		// etcd's image has to be pulled before it writes anything.
		forgotten: 2 * time.Minute,
	}
}

// EnsureEtcd asks every control plane over the Talos API, each at its own address,
// whether it holds etcd data. One that does settles it: the cluster was
// bootstrapped before, by a run that was interrupted or by hand from a backup.
// That there is none is believed only when all of them say so, since a second
// etcd beside the first would split the cluster; then the first is told to
// bootstrap. Talos keeps that order in memory only, so it is repeated when a
// reboot has lost it.
func EnsureEtcd(ctx context.Context, controlPlanes []spec.Node, credentials Credentials) error {
	return ensureEtcd(ctx, controlPlanes, credentials, defaultPatience())
}

// start is how the first member comes to its data: empty for none.
type start struct{ snapshot string }

func ensureEtcd(ctx context.Context, controlPlanes []spec.Node, credentials Credentials, wait patience) error {
	return startEtcd(ctx, controlPlanes, credentials, wait, start{})
}

func startEtcd(ctx context.Context, controlPlanes []spec.Node, credentials Credentials, wait patience, from start) error {
	members, hangUp, err := dialAll(controlPlanes, credentials)
	if err != nil {
		return err
	}
	defer hangUp()
	ctx, cancel := context.WithTimeout(ctx, wait.all)
	defer cancel()

	for asked := false; ; asked = true {
		exists, err := anyHoldsData(ctx, members, wait)
		if err != nil {
			return fmt.Errorf("etcd was not bootstrapped, because it is not known of every control plane "+
				"whether it holds etcd data; look at its console, then run the update again:\n%w", err)
		}
		if exists && from.snapshot != "" && !asked {
			return errHoldsData
		}
		if exists {
			return nil
		}
		if err := requestBootstrap(ctx, members[0], wait, from); err != nil {
			return fmt.Errorf("bootstrap of etcd: %w", err)
		}
		if started, err := startsWithin(ctx, members[0], wait); started || err != nil {
			return err
		}
	}
}

// anyHoldsData asks all members at once, and each until it answers.
func anyHoldsData(ctx context.Context, members []*member, wait patience) (bool, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		holdsData bool
		err       error
	}
	answers := make(chan answer, len(members))
	for _, m := range members {
		go func() {
			var a answer
			a.err = persist(ctx, m, wait, func(ctx context.Context) (err error) {
				a.holdsData, err = holdsEtcdData(ctx, m.api)
				return err
			})
			answers <- a
		}()
	}
	var errs []error
	for range members {
		a := <-answers
		if a.holdsData {
			return true, nil
		}
		errs = append(errs, a.err)
	}
	return false, errors.Join(errs...)
}

// requestBootstrap is repeated while the machine is not ready for it, and stops
// when etcd's data has appeared, which Talos would refuse to bootstrap over.
func requestBootstrap(ctx context.Context, first *member, wait patience, from start) error {
	return persist(ctx, first, wait, func(ctx context.Context) error {
		if from.snapshot != "" {
			if err := upload(ctx, first.api, from.snapshot); err != nil {
				return fmt.Errorf("upload of the snapshot: %w", err)
			}
		}
		_, err := first.api.Bootstrap(ctx, &machineapi.BootstrapRequest{RecoverEtcd: from.snapshot != ""})
		if err == nil {
			return nil
		}
		if holdsData, _ := holdsEtcdData(ctx, first.api); holdsData {
			return nil
		}
		return err
	})
}

// startsWithin reports whether first comes to hold etcd data before its
// bootstrap must be taken for forgotten.
func startsWithin(ctx context.Context, first *member, wait patience) (bool, error) {
	shorter, cancel := context.WithTimeout(ctx, wait.forgotten)
	defer cancel()
	err := persist(shorter, first, wait, func(ctx context.Context) error {
		holdsData, err := holdsEtcdData(ctx, first.api)
		if err == nil && !holdsData {
			err = errors.New("etcd has not started yet")
		}
		return err
	})
	if err != nil && ctx.Err() == nil {
		return false, nil
	}
	return err == nil, err
}

// persist repeats attempt until it succeeds or time is up. Its error is then what
// the machine last answered, not that an answer was cut off or never came.
func persist(ctx context.Context, m *member, wait patience, attempt func(context.Context) error) (err error) {
	tick := time.NewTicker(wait.interval)
	defer tick.Stop()
	for {
		limited, cancel := context.WithTimeout(ctx, wait.attempt)
		attemptErr := attempt(limited)
		cancel()
		if attemptErr == nil {
			return nil
		}
		if err == nil || ctx.Err() == nil && status.Code(attemptErr) != codes.DeadlineExceeded {
			err = attemptErr
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s (%s): %w", m.name, m.address, err)
		case <-tick.C:
		}
	}
}
