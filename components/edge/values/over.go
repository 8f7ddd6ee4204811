package values

import (
	"embed"

	"github.com/home-ops/home-ops/internal/chartvalues"
)

//go:embed *.yaml
var files embed.FS

// over is the values of a file, and over them what a stack decides.
func over(file string, decided any) (map[string]any, error) {
	text, err := files.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return chartvalues.Over("components/edge/values/"+file, text, decided)
}
