package release

import (
	"fmt"
	"net/url"
	"strings"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/cli"
	"helm.sh/helm/v3/pkg/getter"
	"helm.sh/helm/v3/pkg/registry"
	"helm.sh/helm/v3/pkg/repo"
)

// LoadChart downloads the release's chart, from an OCI registry, a chart repository or a path. It needs no cluster. The
// settings are Helm's own from the environment; connections trust the machine's roots, SSL_CERT_FILE included.
func (r *Release) LoadChart() (*chart.Chart, error) {
	settings := cli.New()
	client, err := registry.NewClient(
		registry.ClientOptEnableCache(true), registry.ClientOptCredentialsFile(settings.RegistryConfig))
	if err != nil {
		return nil, err
	}
	install := action.NewInstall(&action.Configuration{RegistryClient: client})
	install.Version = r.chartVersion()
	address, err := r.chartAddress(settings)
	if err != nil {
		return nil, err
	}
	path, err := install.LocateChart(address, settings)
	if err != nil {
		return nil, err
	}
	found, err := loader.Load(path)
	if err != nil {
		return nil, err
	}
	if needed := found.Metadata.Dependencies; needed != nil {
		if err := action.CheckDependencies(found, needed); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (r *Release) chartVersion() string {
	if r.Version == "" && r.Devel {
		return ">0.0.0-0"
	}
	return strings.TrimSpace(r.Version)
}

// chartAddress is where Helm downloads the chart. A repository is asked here for the chart's URL: Helm's own search
// would take a folder of the chart's name in the working directory before it asks the repository.
func (r *Release) chartAddress(settings *cli.EnvSettings) (string, error) {
	name := strings.TrimSpace(r.Chart)
	if r.RepositoryOpts == nil || r.RepositoryOpts.Repo == "" || registry.IsOCI(name) {
		return name, nil
	}
	repository := r.RepositoryOpts.Repo
	if _, err := url.ParseRequestURI(repository); err != nil {
		if strings.Contains(name, "/") {
			return name, nil
		}
		return repository + "/" + name, nil // a repository that the machine's Helm knows by name
	}
	address, err := repo.FindChartInRepoURL(repository, name, r.chartVersion(), "", "", "", getter.All(settings))
	if err != nil {
		return "", fmt.Errorf("chart %s: %w", name, err)
	}
	return address, nil
}
