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

	"github.com/home-ops/home-ops/spec"
)

// Repositories plays the classic chart repositories, by host name, with the versions that the stack decides.
func Repositories(v spec.Versions, crdDir string) (map[string]http.Handler, error) {
	hosts := map[string]http.Handler{}
	for _, r := range repositoryCharts {
		version := r.version(v)
		archive, err := r.archive(version, crdDir)
		if err != nil {
			return nil, fmt.Errorf("chart %s: %w", r.name, err)
		}
		served, err := r.serve(version, archive)
		if err != nil {
			return nil, fmt.Errorf("chart repository %s: %w", r.host, err)
		}
		hosts[r.host] = served
	}
	return hosts, nil
}

// serve answers with an index of one chart, and with the chart.
func (r row) serve(version spec.Version, archive []byte) (http.Handler, error) {
	digest, err := provenance.Digest(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	file := fmt.Sprintf("%s-%s.tgz", r.name, version)
	index := repo.NewIndexFile()
	index.Generated = time.Time{}
	metadata := &chart.Metadata{APIVersion: chart.APIVersionV2, Name: r.name, Version: string(version), AppVersion: string(version)}
	if err := index.MustAdd(metadata, file, "", digest); err != nil {
		return nil, err
	}
	content, err := yaml.Marshal(index)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	for name, content := range map[string][]byte{"index.yaml": content, file: archive} {
		mux.HandleFunc("GET "+path.Join("/", r.path, name), func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) })
	}
	return mux, nil
}
