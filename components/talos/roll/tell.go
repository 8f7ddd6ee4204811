package roll

import (
	"context"
	"fmt"
	"time"
)

// Tell shows a line to who watches the roll. A node's name is at its beginning.
type Tell func(line string)

// Limits are how long each wait may last, and how often is looked.
type Limits struct {
	// Healthy is the wait for everything that a machine's loss needs before it goes down.
	Healthy time.Duration
	// Drain is how long pods may take to leave a machine.
	Drain time.Duration
	// Return is from a reboot or an upgrade until the machine's services are up.
	Return time.Duration
	// Settle is from then on, until Kubernetes has it back.
	Settle time.Duration
	// Storage is how long storage may take to be whole again.
	Storage time.Duration
	// Try is how long a machine keeps a network that it tries, Watch how long it is looked at meanwhile.
	Try, Watch time.Duration
	// Attempt bounds one look, Interval is between two.
	Attempt, Interval time.Duration
	// Glance bounds one look at a machine to which nothing is to be done.
	Glance time.Duration
	// Gather is how long is waited for nodes of which the engine has not said whether
	// they change.
	Gather time.Duration
}

// DefaultLimits suit machines at home: slow firmware, small disks, a slow line.
func DefaultLimits() Limits {
	return Limits{
		Healthy: 15 * time.Minute,
		Drain:   10 * time.Minute,
		Return:  20 * time.Minute,
		Settle:  15 * time.Minute,
		// A terabyte that has to be copied over gigabit Ethernet takes three hours, but
		// what a reboot missed is minutes.
		Storage: 60 * time.Minute,
		// A link may take half a minute to come up behind a switch that looks for loops.
		Try:      3 * time.Minute,
		Watch:    40 * time.Second,
		Attempt:  20 * time.Second,
		Interval: time.Second,
		Glance:   5 * time.Second,
		Gather:   20 * time.Second,
	}
}

// wait asks until there is no error, and says what it waits for: once, and again
// whenever the reason changes. The error is the last reason.
func (r *Roll) wait(ctx context.Context, node, what string, limit time.Duration, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(r.limits.Interval)
	defer tick.Stop()
	deadline := time.Now().Add(limit)
	told := ""
	for {
		attempt, done := context.WithTimeout(ctx, r.limits.Attempt)
		err := ask(attempt)
		done()
		if err == nil {
			return nil
		}
		if fatal, ok := err.(stop); ok { //nolint:errorlint // it is never wrapped
			return fatal.error
		}
		if reason := err.Error(); reason != told && ctx.Err() == nil {
			told = reason
			r.tell(fmt.Sprintf("%s: waits for %s, %s left: %s", node, what, time.Until(deadline).Round(time.Second), reason))
		}
		select {
		case <-ctx.Done():
			if told == "" {
				told = err.Error()
			}
			return fmt.Errorf("%s: %s: not after %s: %s", node, what, limit, told)
		case <-tick.C:
		}
	}
}

// stop is an error that no waiting mends.
type stop struct{ error }
