package cilium

import (
	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/internal/chartvalues"
)

// withExtra adds the stack's further values. Validation keeps them away from what
// is set already (spec.OwnedCiliumValues).
func withExtra(values, extra map[string]any) (map[string]any, error) {
	text, err := yaml.Marshal(values)
	if err != nil {
		return nil, err
	}
	return chartvalues.Over("cilium.extraValues", text, extra)
}
