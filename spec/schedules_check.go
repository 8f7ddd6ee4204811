package spec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// schedules checks names and times of repeated tasks.
func (c *checker) schedules(path *field.Path, list []Schedule) {
	seen := map[string]int{}
	for i, s := range list {
		at := path.Index(i)
		c.label(at.Child("name"), s.Name)
		if first, ok := seen[s.Name]; ok && s.Name != "" {
			c.errorf(at.Child("name"), "%q is also the name of %s", s.Name, path.Index(first))
		}
		seen[s.Name] = i
		if s.Cron != "" {
			if problem := cronProblem(s.Cron); problem != "" {
				c.errorf(at.Child("cron"), "%q %s", s.Cron, problem)
			} else if neverComes(s.Cron) {
				c.errorf(at.Child("cron"), "%q never comes: no month in it has such a day", s.Cron)
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

// neverComes reports whether a well-formed schedule names only days that its months do not have. With a day of the week
// as well, either of the two days counts (https://man7.org/linux/man-pages/man5/crontab.5.html).
func neverComes(expr string) bool {
	fields := strings.Fields(expr)
	if len(fields) != len(cronFields) || strings.HasPrefix(fields[2], "*") || !strings.HasPrefix(fields[4], "*") {
		return false
	}
	longest := 0
	for month, days := range []int{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31} {
		if cronHolds(fields[3], month+1, cronFields[3].low, cronFields[3].high, cronFields[3].words) {
			longest = max(longest, days)
		}
	}
	for day := 1; day <= longest; day++ {
		if cronHolds(fields[2], day, 1, 31, nil) {
			return false
		}
	}
	return true
}

// cronHolds reports whether a field of a well-formed schedule holds a value.
func cronHolds(field string, value, low, high int, words []string) bool {
	for _, part := range strings.Split(field, ",") {
		span, step, stepped := strings.Cut(part, "/")
		every, _ := strconv.Atoi(step) // one, when there is none
		first, last := low, high
		if span != "*" {
			from, to, isRange := strings.Cut(span, "-")
			first, _ = cronValue(from, low, words)
			switch {
			case isRange:
				last, _ = cronValue(to, low, words)
			case !stepped:
				last = first
			}
		}
		if value >= first && value <= last && (value-first)%max(every, 1) == 0 {
			return true
		}
	}
	return false
}

func cronValue(text string, low int, words []string) (int, bool) {
	if i := slices.Index(words, strings.ToLower(text)); i >= 0 {
		return i + low, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}
