package spec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// schedules checks names and times of repeated tasks.
func (c *checker) schedules(path string, list []Schedule) {
	seen := map[string]int{}
	for i, s := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		c.label(at+".name", s.Name)
		if first, ok := seen[s.Name]; ok && s.Name != "" {
			c.errorf(at+".name", "%q is also the name of %s[%d]", s.Name, path, first)
		}
		seen[s.Name] = i
		if s.Cron != "" {
			if problem := cronProblem(s.Cron); problem != "" {
				c.errorf(at+".cron", "%q %s", s.Cron, problem)
			}
		}
	}
}

var cronFields = []struct {
	name      string
	low, high int
	words     []string
}{
	{"minute", 0, 59, nil},
	{"hour", 0, 23, nil},
	{"day of the month", 1, 31, nil},
	{"month", 1, 12, strings.Fields("jan feb mar apr may jun jul aug sep oct nov dec")},
	{"day of the week", 0, 7, strings.Fields("sun mon tue wed thu fri sat")},
}

// cronProblem says what is wrong with a schedule, or nothing.
func cronProblem(expr string) string {
	if slices.Contains(strings.Fields("@yearly @annually @monthly @weekly @daily @midnight @hourly"), expr) {
		return ""
	}
	fields := strings.Fields(expr)
	if len(fields) != len(cronFields) {
		return fmt.Sprintf("has %s; cron wants five: minute, hour, day of the month, month, day of the week", plural(len(fields), "field", "fields"))
	}
	for i, f := range cronFields {
		for _, part := range strings.Split(fields[i], ",") {
			span, step, stepped := strings.Cut(part, "/")
			if n, err := strconv.Atoi(step); stepped && (err != nil || n < 1) {
				return fmt.Sprintf("has %q as %s, with a step that is no number", part, f.name)
			}
			if span == "*" {
				continue
			}
			first, last, isRange := strings.Cut(span, "-")
			a, okA := cronValue(first, f.low, f.words)
			b, okB := a, true
			if isRange {
				b, okB = cronValue(last, f.low, f.words)
			}
			if !okA || !okB || a < f.low || b > f.high || a > b {
				return fmt.Sprintf("has %q as %s, which is outside %d–%d", part, f.name, f.low, f.high)
			}
		}
	}
	return ""
}

func cronValue(text string, low int, words []string) (int, bool) {
	if i := slices.Index(words, strings.ToLower(text)); i >= 0 {
		return i + low, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}
