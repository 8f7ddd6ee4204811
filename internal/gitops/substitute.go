package gitops

import (
	"fmt"
	"regexp"
	"slices"
)

// What Flux replaces: ${NAME}, or ${NAME:=default} and ${NAME:-default} where there is no
// such setting. It knows more forms; the tree needs no more, and others are refused
// (https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution).
var (
	variable = regexp.MustCompile(`\$\{[^}]*\}`)
	known    = regexp.MustCompile(`^\$\{([_A-Za-z][_A-Za-z0-9]*)(?::[=-]([^}]*))?\}$`)
)

// substitute replaces every variable of an object in YAML, and notes which it used.
func substitute(text string, values map[string]string, used map[string]bool) (string, error) {
	var missing []string
	out := variable.ReplaceAllStringFunc(text, func(v string) string {
		m := known.FindStringSubmatch(v)
		if m == nil {
			missing = append(missing, v+" is not of the form ${NAME} or ${NAME:=default}")
			return v
		}
		used[m[1]] = true
		value, ok := values[m[1]]
		switch {
		case ok:
			return value
		case len(m[0]) > len(m[1])+len("${}"):
			return m[2]
		}
		missing = append(missing, v+" has no value in this cluster's settings")
		return v
	})
	if len(missing) == 0 {
		return out, nil
	}
	slices.Sort(missing)
	return out, fmt.Errorf("%s; give it one in components/flux/settings, or leave it out here",
		join(slices.Compact(missing)))
}

func join(words []string) string {
	text := words[0]
	for _, w := range words[1:] {
		text += ", " + w
	}
	return text
}
