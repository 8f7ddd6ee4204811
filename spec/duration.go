package spec

import (
	"fmt"
	"strings"
	"time"
)

// Duration is a span of time, written as Go and Kubernetes do: "90s", "5m", "1h30m".
type Duration time.Duration

// Of returns the span as the standard library's type.
func (d Duration) Of() time.Duration { return time.Duration(d) }

// Seconds is the span in whole seconds, the unit of BGP timers.
func (d Duration) Seconds() int { return int(time.Duration(d) / time.Second) }

// String drops the zero units that the standard library prints: "1h", not "1h0m0s".
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 30s, 5m or 1h", text)
	}
	*d = Duration(parsed)
	return nil
}
