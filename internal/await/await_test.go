package await

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

func TestUntil_TellsEachReasonOnce(t *testing.T) {
	reasons := []string{"off", "off", "booting", "booting", ""}
	var told []string
	err := Until(t.Context(), Times{Limit: time.Minute, Attempt: time.Second, Interval: time.Millisecond},
		func(reason string, _ time.Duration) { told = append(told, reason) },
		func(context.Context) error {
			reason := reasons[0]
			if reasons = reasons[1:]; reason == "" {
				return nil
			}
			return errors.New(reason)
		})
	if want := []string{"off", "booting"}; err != nil || !slices.Equal(told, want) {
		t.Errorf("told %q, %v; want %q", told, err, want)
	}
}

func TestUntil_EndsWithTheReasonAndNotWithWhatTheTimeCutOff(t *testing.T) {
	err := Until(t.Context(), Times{Limit: 30 * time.Millisecond, Attempt: time.Second, Interval: time.Millisecond},
		func(string, time.Duration) {},
		func(ctx context.Context) error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return errors.New("booting")
		})
	if want := (ExpiredError{Limit: 30 * time.Millisecond, Reason: "booting"}); !errors.Is(err, want) || err.Error() != "not after 30ms: booting" {
		t.Errorf("error %v, want %v", err, want)
	}
}

func TestUntil_EndsAtOnceWhereNoWaitingMends(t *testing.T) {
	fatal, looks := errors.New("a disk holds data"), 0
	err := Until(t.Context(), Times{Limit: time.Minute, Attempt: time.Second, Interval: time.Millisecond},
		func(string, time.Duration) {}, func(context.Context) error { looks++; return Stop{fatal} })
	if err != fatal || looks != 1 { //nolint:errorlint // the error itself
		t.Errorf("error %v after %d looks", err, looks)
	}
}

func TestUntil_EndsWithWhoCanceledIt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	err := Until(ctx, Times{Limit: time.Minute, Attempt: time.Second, Interval: time.Millisecond},
		func(string, time.Duration) { cancel() }, func(context.Context) error { return errors.New("booting") })
	if !errors.Is(err, context.Canceled) || err.Error() != "context canceled, while: booting" {
		t.Errorf("error %v", err)
	}
}
