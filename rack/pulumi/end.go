package pulumi

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// Ended is the cause of a context that ends a run with a signal for pulumi alone, as a person or a service manager does.
type Ended struct {
	Signal syscall.Signal
	// Again has the signal sent until pulumi has ended, as by a person who does not wait.
	Again bool
}

func (e Ended) Error() string { return fmt.Sprintf("ended on purpose, by %s", e.Signal) }

// between two signals a person presses a key again; pulumi takes two at once for one.
const between = 500 * time.Millisecond

// end is what becomes of a run whose context is over.
func end(ctx context.Context, cmd *exec.Cmd) error {
	var e Ended
	if !errors.As(context.Cause(ctx), &e) {
		return killTree(cmd.Process.Pid)
	}
	err := cmd.Process.Signal(e.Signal)
	for tick := time.NewTicker(between); e.Again && err == nil; {
		<-tick.C
		err = cmd.Process.Signal(e.Signal)
	}
	return nil
}

// Outlived waits until no process of a run is left, or ends those that are left after a time, and says how many these were.
func Outlived(family []int, limit time.Duration) int {
	deadline := time.Now().Add(limit)
	for {
		var living []int
		for _, pid := range family {
			if syscall.Kill(pid, 0) == nil {
				living = append(living, pid)
			}
		}
		if len(living) == 0 {
			return 0
		}
		if time.Now().After(deadline) {
			for _, pid := range living {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
			return len(living)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
