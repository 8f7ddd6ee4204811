package values

import (
	"embed"
	"encoding/json"
	"fmt"

	"gopkg.in/yaml.v3"
)

//go:embed *.yaml
var files embed.FS

// over is the values of a file, and over them what a stack decides.
func over(file string, decided any) (map[string]any, error) {
	static, err := files.ReadFile(file)
	if err != nil {
		return nil, err
	}
	all := map[string]any{}
	if err := yaml.Unmarshal(static, &all); err != nil {
		return nil, fmt.Errorf("components/edge/values/%s: %w", file, err)
	}
	raw, err := json.Marshal(decided)
	if err != nil {
		return nil, fmt.Errorf("values over %s: %w", file, err)
	}
	upper := map[string]any{}
	if err := json.Unmarshal(raw, &upper); err != nil {
		return nil, fmt.Errorf("values over %s: %w", file, err)
	}
	merge(all, upper)
	return all, nil
}

// merge puts upper on top of base, map by map; lists are replaced.
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
