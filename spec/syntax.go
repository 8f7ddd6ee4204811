package spec

import (
	"fmt"
	"regexp"
	"strings"
)

var (
	tabbed = regexp.MustCompile(`^ *\t`)
	// tight is a key whose value stands right after the colon.
	tight = regexp.MustCompile(`^\s*(?:- )?([A-Za-z][A-Za-z0-9_-]*:[^\s:/][^:]*)$`)
)

// plainly says in a few words what most likely makes a file no YAML. The parser, whose message it is given, knows
// what it did not find, not what somebody typed. It is empty when nothing is known. The line counts from 1, and is
// zero when the parser does not say it.
func plainly(data []byte, line int, message string) string {
	lines := strings.Split(string(data), "\n")
	for i, text := range lines {
		if tabbed.MatchString(text) {
			return fmt.Sprintf("line %d is indented with a tab; YAML wants blanks", i+1)
		}
	}
	switch {
	case strings.Contains(message, "expected ',' or ']'"):
		return "a [ is not closed by ], or two values have no comma between them"
	case strings.Contains(message, "expected ',' or '}'"):
		return "a { is not closed by }, or two keys have no comma between them"
	case strings.Contains(message, "expected node content"):
		return "a [ or { is not closed"
	case strings.Contains(message, "unexpected end of stream"):
		return "a quotation mark is not closed"
	case strings.Contains(message, "expected ':'"), strings.Contains(message, "mapping values are not allowed"):
		// The parser notices it at the next key.
		for i := min(line, len(lines)); i > 0 && i > line-3; i-- {
			if m := tight.FindStringSubmatch(lines[i-1]); m != nil {
				return fmt.Sprintf("line %d: %q has no blank after its colon", i, strings.TrimSpace(m[1]))
			}
		}
		return "a key has no colon, or a value with a colon in it no quotation marks"
	case strings.Contains(message, "expected key"), strings.Contains(message, "block collection"):
		return "a line is indented otherwise than those above it"
	}
	return ""
}
