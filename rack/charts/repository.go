package charts

import (
	"bytes"
	"fmt"
	"net/http"
	"path"
	"time"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/provenance"
	"helm.sh/helm/v3/pkg/repo"
	"sigs.k8s.io/yaml"
)

// classic plays the repository of one chart: it answers with an index and with the package.
func (c Chart) classic() (http.Handler, error) {
	digest, err := provenance.Digest(bytes.NewReader(c.Archive))
	if err != nil {
		return nil, err
	}
	index := repo.NewIndexFile()
	index.Generated = time.Time{}
	metadata := &chart.Metadata{APIVersion: chart.APIVersionV2, Name: c.Name(), Version: c.Version, AppVersion: c.Version}
	if err := index.MustAdd(metadata, c.File(), "", digest); err != nil {
		return nil, err
	}
	content, err := yaml.Marshal(index)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	for name, content := range map[string][]byte{"index.yaml": content, c.File(): c.Archive} {
		mux.HandleFunc("GET "+path.Join("/", c.Path, name), func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) })
	}
	return mux, nil
}

// Repositories plays the classic repositories that the charts are in, by host name.
func Repositories(all []Chart) (map[string]http.Handler, error) {
	hosts := map[string]http.Handler{}
	for _, c := range all {
		if !c.Classic {
			continue
		}
		handler, err := c.classic()
		if err != nil {
			return nil, fmt.Errorf("chart repository %s: %w", c.Host, err)
		}
		hosts[c.Host] = handler
	}
	return hosts, nil
}
