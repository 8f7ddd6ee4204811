package pulumi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
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
	tick := time.NewTicker(between)
	defer tick.Stop()
	for err := cmd.Process.Signal(e.Signal); e.Again && err == nil; err = cmd.Process.Signal(e.Signal) {
		<-tick.C
	}
	return nil
}

// lives reports whether a process is there and has not ended: one that nobody has waited for is still in the table.
func lives(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	// pid (name) state ...; the name may hold anything, so count from its last parenthesis.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	return len(fields) > 0 && fields[0][0] != 'Z'
}

// Outlived waits until no process of a run is left, or ends those that are left after a time, and says how many these were.
func Outlived(family []int, limit time.Duration) int {
	deadline := time.Now().Add(limit)
	for {
		var living []int
		for _, pid := range family {
			if lives(pid) {
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
