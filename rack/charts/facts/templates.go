package facts

import (
	"encoding/json"
	"regexp"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
)

var (
	// dotted is how a template reads a value: .Values.a.b.
	dotted = regexp.MustCompile(`\.Values((?:\.[A-Za-z_][A-Za-z0-9_]*)+)`)
	// indexed is how it reads one whose key is no word: index .Values "a-b" "c".
	indexed = regexp.MustCompile(`index \$?\.Values((?: "[^"]+")+)`)
	quoted  = regexp.MustCompile(`"([^"]+)"`)
)

// keysOfChart is the tree of the keys that a chart and those in it know: what has a default, what the schema names,
// what a template reads. A map that templates only ever take whole is one of anything.
func keysOfChart(c *chart.Chart) (Keys, error) {
	defaults, err := chartutil.CoalesceValues(c, map[string]any{})
	if err != nil {
		return nil, err
	}
	keys := keysOf(plain(defaults))
	read := map[string][]string{}
	collect(c, nil, keys, read)
	whole := map[string][]string{}
	for name, path := range read {
		keys.add(path)
		if !anyBelow(read, name) {
			whole[name] = path
		}
	}
	for _, path := range whole {
		keys.open(path)
	}
	return keys, nil
}

// collect notes what the templates of a chart and of those in it read, by its path from the top.
func collect(c *chart.Chart, at []string, keys Keys, read map[string][]string) {
	note := func(path []string) {
		if path[0] != "global" {
			path = append(append([]string{}, at...), path...)
		}
		read[strings.Join(path, "\x00")] = path
	}
	for _, file := range c.Templates {
		text := string(file.Data)
		for _, m := range dotted.FindAllStringSubmatch(text, -1) {
			note(strings.Split(m[1][1:], "."))
		}
		for _, m := range indexed.FindAllStringSubmatch(text, -1) {
			var path []string
			for _, word := range quoted.FindAllStringSubmatch(m[1], -1) {
				path = append(path, word[1])
			}
			note(path)
		}
	}
	addSchema(c.Schema, at, keys)
	for _, sub := range c.Dependencies() {
		inner := at
		// A library's templates read the values of whoever includes them.
		if sub.Metadata.Type != "library" {
			inner = append(append([]string{}, at...), sub.Name())
		}
		collect(sub, inner, keys, read)
	}
}

// anyBelow tells whether a template reads into what lies at the path.
func anyBelow(read map[string][]string, path string) bool {
	for other := range read {
		if strings.HasPrefix(other, path+"\x00") {
			return true
		}
	}
	return false
}

// addSchema adds what values.schema.json names.
func addSchema(raw []byte, at []string, keys Keys) {
	type node struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	var n node
	if len(raw) == 0 || json.Unmarshal(raw, &n) != nil {
		return
	}
	for name, inner := range n.Properties {
		path := append(append([]string{}, at...), name)
		keys.add(path)
		addSchema(inner, path, keys)
	}
}

// plain makes Helm's own type of maps ordinary ones, all the way down.
func plain(values map[string]any) map[string]any {
	out := map[string]any{}
	for key, value := range values {
		switch inner := value.(type) {
		case chartutil.Values:
			out[key] = plain(inner)
		case map[string]any:
			out[key] = plain(inner)
		default:
			out[key] = value
		}
	}
	return out
}
