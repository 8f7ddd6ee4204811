//go:build !linux

package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"
)

// Command is the program that Seal runs inside the room.
type Command struct {
	Path           string
	Args           []string
	Env            []string
	Stdout, Stderr io.Writer
	Started        func(nsenter string)
	Grace          time.Duration
}

// ErrNoNamespaces says that this system has no namespaces to rehearse in.
var ErrNoNamespaces = errors.New("this system has no network namespaces")

// Seal needs Linux.
func Seal(context.Context, Command) error {
	return fmt.Errorf("%w: a rehearsal needs Linux, and this is %s; run it in a Linux virtual machine or on a CI runner. "+
		"`make unit`, `make validate` and `make render` work here", ErrNoNamespaces, runtime.GOOS)
}
