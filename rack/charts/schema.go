package charts

import (
	"encoding/json"

	"sigs.k8s.io/yaml"
)

// schema is what Helm checks a release's values against: what is set by default keeps its type. A null in values.yaml
// leaves a key's type open; keys that are not there are left to the templates, as they are in genuine charts.
func schema(values []byte) ([]byte, error) {
	var defaults map[string]any
	if err := yaml.UnmarshalStrict(values, &defaults); err != nil {
		return nil, err
	}
	root := typed(defaults)
	root["$schema"] = "https://json-schema.org/draft-07/schema#"
	return json.Marshal(root)
}

func typed(value any) map[string]any {
	switch value := value.(type) {
	case map[string]any:
		properties := map[string]any{}
		for key, value := range value {
			properties[key] = typed(value)
		}
		return map[string]any{"type": "object", "properties": properties}
	case []any:
		return map[string]any{"type": "array"}
	case string:
		return map[string]any{"type": "string"}
	case bool:
		return map[string]any{"type": "boolean"}
	case float64:
		return map[string]any{"type": "number"}
	default:
		return map[string]any{}
	}
}
