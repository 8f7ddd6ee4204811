package pulumi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Watcher sees each event of a run as it happens.
type Watcher func(apitype.EngineEvent)

// Result is what a run did.
type Result struct {
	// Changes counts the resources by what was done to them: create, update, same, ...
	Changes map[apitype.OpType]int
	// Seconds is how long it took.
	Seconds float64
	// Errors are the messages of severity error, in order.
	Errors []string
	// Failed are the operations that failed, as OPERATION TYPE NAME.
	Failed []string
}

// Changed counts everything that was not left as it was. What was only read is: the stack reads its own last outputs,
// and they are others after each update.
func (r *Result) Changed() int {
	n := 0
	for op, count := range r.Changes {
		if op != apitype.OpSame && op != apitype.OpRead {
			n += count
		}
	}
	return n
}

// ErrKilled is returned by a run that was ended on purpose.
var ErrKilled = errors.New("killed on purpose")

func (c *CLI) operate(ctx context.Context, watch []Watcher, command string, flags ...string) (*Result, error) {
	log, err := c.eventLog(command)
	if err != nil {
		return nil, fmt.Errorf("pulumi %s: %w", command, err)
	}
	args := append([]string{command, "--stack", c.Stack, "--event-log", log}, flags...)
	if c.Serial {
		args = append(args, "--parallel", "1")
	}
	cmd := c.command(ctx, args...)
	var said bytes.Buffer
	cmd.Stdout = io.MultiWriter(c.Out, &said)
	cmd.Stderr = cmd.Stdout

	result := &Result{Changes: map[apitype.OpType]int{}}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("pulumi %s: %w", command, err)
	}
	ended := make(chan struct{})
	followed := make(chan error, 1)
	go func() { followed <- follow(log, ended, append(watch, result.take)) }()
	err = cmd.Wait()
	close(ended)
	followErr := <-followed
	result.Seconds = time.Since(began).Seconds()

	if cause := context.Cause(ctx); cause != nil {
		return result, fmt.Errorf("pulumi %s: %w", command, cause)
	}
	if err != nil {
		return result, fmt.Errorf("pulumi %s: %w\n%s", command, err, tail(said.Bytes(), 60))
	}
	if followErr == nil && len(result.Failed) > 0 {
		// Pulumi ends without an error where nothing but a hook has failed, though its resource was not made.
		followErr = fmt.Errorf("pulumi %s ended as if all were well, and failed to %s", command, strings.Join(result.Failed, ", "))
	}
	return result, followErr
}

func (r *Result) take(e apitype.EngineEvent) {
	switch {
	case e.SummaryEvent != nil:
		r.Changes = e.SummaryEvent.ResourceChanges
	case e.ResOpFailedEvent != nil:
		m := e.ResOpFailedEvent.Metadata
		r.Failed = append(r.Failed, fmt.Sprintf("%s %s %s", m.Op, m.Type, resource.URN(m.URN).Name()))
	case e.DiagnosticEvent != nil && e.DiagnosticEvent.Severity == "error":
		r.Errors = append(r.Errors, e.DiagnosticEvent.Message)
	}
}

// followPeriod is how often the event log is looked at. What a run does meanwhile is done before a watcher can end it.
const followPeriod = 5 * time.Millisecond

// follow reads the event log while pulumi writes it, until the run has ended and all is read.
func follow(path string, ended <-chan struct{}, watch []Watcher) error {
	var log *os.File
	for over := false; log == nil; {
		f, err := os.Open(path)
		switch {
		case err == nil:
			log = f
		case !errors.Is(err, os.ErrNotExist):
			return fmt.Errorf("event log: %w", err)
		case over:
			// Pulumi ended before its first event; it says why itself.
			return nil
		default:
			select {
			case <-ended:
				// A run that was over before anybody looked may have written all of it.
				over = true
			case <-time.After(followPeriod):
			}
		}
	}
	defer log.Close()

	reader := bufio.NewReader(log)
	var partial []byte
	last := false
	for {
		text, err := reader.ReadBytes('\n')
		partial = append(partial, text...)
		if err == nil {
			var event apitype.EngineEvent
			if err := json.Unmarshal(partial, &event); err != nil {
				return fmt.Errorf("event log %s: %w", path, err)
			}
			for _, w := range watch {
				w(event)
			}
			partial = nil
			continue
		}
		if !errors.Is(err, io.EOF) {
			return fmt.Errorf("event log %s: %w", path, err)
		}
		if last {
			return nil
		}
		select {
		case <-ended:
			last = true
		case <-time.After(followPeriod):
		}
	}
}

func tail(text []byte, lines int) []byte {
	at := len(text)
	for i := 0; i <= lines && at > 0; i++ {
		at = bytes.LastIndexByte(text[:at], '\n')
		if at < 0 {
			return text
		}
	}
	return text[at:]
}
