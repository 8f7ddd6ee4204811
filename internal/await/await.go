// Package await asks again and again until something is as it should be, and tells a person what is waited for.
package await

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Times bound a wait.
type Times struct {
	// Limit is how long it may last.
	Limit time.Duration
	// Attempt bounds one look, Interval is between two.
	Attempt, Interval time.Duration
}

// Stop is an error of a look that no waiting mends.
type Stop struct{ Err error }

func (s Stop) Error() string { return s.Err.Error() }

// Unwrap gives the error itself.
func (s Stop) Unwrap() error { return s.Err }

// ExpiredError says that the time was over.
type ExpiredError struct {
	Limit time.Duration
	// Reason is why the last whole look was not satisfied.
	Reason string
}

func (e ExpiredError) Error() string { return fmt.Sprintf("not after %s: %s", e.Limit, e.Reason) }

// Until looks until there is no error. Tell hears why not: once, and again whenever the reason changes, with the time that
// is left. The error is an [ExpiredError], that in a [Stop], or why ctx was canceled.
func Until(ctx context.Context, times Times, tell func(reason string, left time.Duration), look func(context.Context) error) error {
	deadline := time.Now().Add(times.Limit)
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	tick := time.NewTicker(times.Interval)
	defer tick.Stop()
	told := ""
	for {
		attempt, done := context.WithTimeout(ctx, times.Attempt)
		err := look(attempt)
		done()
		if err == nil {
			return nil
		}
		var fatal Stop
		if errors.As(err, &fatal) {
			return fatal.Err
		}
		// What the end of the time has cut off says nothing of why.
		if reason := err.Error(); reason != told && ctx.Err() == nil {
			told = reason
			tell(reason, time.Until(deadline).Round(time.Second))
		}
		select {
		case <-ctx.Done():
			if told == "" {
				told = err.Error()
			}
			if errors.Is(ctx.Err(), context.Canceled) {
				return fmt.Errorf("%w, while: %s", context.Cause(ctx), told)
			}
			return ExpiredError{Limit: times.Limit, Reason: told}
		case <-tick.C:
		}
	}
}
