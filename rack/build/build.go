// Package build compiles the parts of a rehearsal from pinned sources and says what it is doing: a cold build takes
// minutes, and a silent one looks broken.
package build

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Part is one program to build.
type Part struct {
	// Name is what people and the report call it.
	Name string
	// Module is the directory of the Go module it is built in, whose go.sum pins it.
	Module string
	// Package is the import path or ./path of its main package.
	Package string
	// Output is the file to write.
	Output string
	// LDFlags are handed to the linker.
	LDFlags string
	// Tags choose among the package's files.
	Tags string
	// Note says why a first build takes long; empty where it does not.
	Note string
}

// All builds the parts in order, one progress line for each, and returns the seconds that each took. Two builds into
// the same folder wait for each other.
func All(ctx context.Context, parts []Part, out io.Writer) (map[string]float64, error) {
	seconds := make(map[string]float64, len(parts))
	for _, part := range parts {
		began := time.Now()
		if err := one(ctx, part, out); err != nil {
			return seconds, err
		}
		seconds[part.Name] = time.Since(began).Seconds()
	}
	return seconds, nil
}

func one(ctx context.Context, p Part, out io.Writer) error {
	unlock, err := Lock(filepath.Join(filepath.Dir(p.Output), ".lock"))
	if err != nil {
		return fmt.Errorf("building %s: %w", p.Name, err)
	}
	defer unlock()

	// Pulumi's language host compiles the program with -trimpath. With the same flag everywhere, what the program and
	// the rack have in common is compiled once, and a plain `pulumi up` finds all of it in Go's cache.
	args := []string{"build", "-v", "-trimpath", "-buildvcs=false", "-o", p.Output}
	if p.LDFlags != "" {
		args = append(args, "-ldflags", p.LDFlags)
	}
	if p.Tags != "" {
		args = append(args, "-tags", p.Tags)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, p.Package)...)
	cmd.Dir = p.Module
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return fmt.Errorf("building %s: %w", p.Name, err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("building %s: %w; is Go installed and on PATH?", p.Name, err)
	}

	var compiled atomic.Int64
	line := newLine(out, p, &compiled)
	complaints := watch(stderr, &compiled)
	err = cmd.Wait()
	line.done(err)
	if err != nil {
		return errors.Join(fmt.Errorf("building %s (go build %s in %s): %w", p.Name, p.Package, p.Module, err), complaints.err())
	}
	return nil
}

// Lock waits until nobody else holds the file at the path, in this process or another, and returns what lets go of it. It makes the
// file, and the folder that it is in.
func Lock(path string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil
}

type complaints []string

func (c complaints) err() error {
	if len(c) == 0 {
		return nil
	}
	return errors.New(strings.Join(c, "\n"))
}

// watch counts the packages that `go build -v` names and keeps everything else it says.
func watch(stderr io.Reader, compiled *atomic.Int64) complaints {
	var kept complaints
	scanner := bufio.NewScanner(stderr)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		text := scanner.Text()
		switch {
		case strings.HasPrefix(text, "go: downloading "), text == "":
		case isPackage(text):
			compiled.Add(1)
		default:
			kept = append(kept, text)
		}
	}
	return kept
}

// isPackage reports whether a line is an import path alone, as -v prints it.
func isPackage(line string) bool {
	return !strings.ContainsAny(line, " \t:")
}
