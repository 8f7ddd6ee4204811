// Package chartvalues makes the values of a Helm chart out of a file and what a stack
// decides.
package chartvalues

import (
	"encoding/json"
	"fmt"

	"gopkg.in/yaml.v3"
)

// Read is the values that the text of a file has. The file's path, in the repository, is
// for the error.
func Read(file string, text []byte) (map[string]any, error) {
	values := map[string]any{}
	if err := yaml.Unmarshal(text, &values); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return values, nil
}

// Over is the values of a file, and over them what a stack decides, by the JSON names of
// its fields: map by map, while lists are replaced.
func Over(file string, text []byte, decided any) (map[string]any, error) {
	values, err := Read(file, text)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(decided)
	if err != nil {
		return nil, fmt.Errorf("values over %s: %w", file, err)
	}
	upper := map[string]any{}
	if err := json.Unmarshal(raw, &upper); err != nil {
		return nil, fmt.Errorf("values over %s: %w", file, err)
	}
	merge(values, upper)
	return values, nil
}

// merge puts upper on top of base.
func merge(base, upper map[string]any) {
	for key, value := range upper {
		into, isMap := base[key].(map[string]any)
		from, both := value.(map[string]any)
		if isMap && both {
			merge(into, from)
			continue
		}
		base[key] = value
	}
}
