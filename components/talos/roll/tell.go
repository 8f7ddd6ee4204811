package roll

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/home-ops/home-ops/internal/await"
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
	// Find is how long a new machine may take to be somewhere, Again how long one that has its config is left alone.
	Find, Again time.Duration
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
		// As long as the provider asks a machine for (https://github.com/pulumiverse/pulumi-talos).
		Find: 10 * time.Minute,
		// Maintenance mode ends seconds after it has a config.
		Again:  time.Minute,
		Gather: 20 * time.Second,
	}
}

// wait asks until there is no error, and says what it waits for: once, and again
// whenever the reason changes. The error is the last reason.
func (r *Roll) wait(ctx context.Context, node, what string, limit time.Duration, ask func(context.Context) error) error {
	times := await.Times{Limit: limit, Attempt: r.limits.Attempt, Interval: r.limits.Interval}
	err := await.Until(ctx, times, func(reason string, left time.Duration) {
		r.tell(fmt.Sprintf("%s: waits for %s, %s left: %s", node, what, left, reason))
	}, ask)
	var expired await.ExpiredError
	if errors.As(err, &expired) {
		return fmt.Errorf("%s: %s: %w", node, what, err)
	}
	return err
}
