package promrules

import (
	"embed"
	"io/fs"
	"testing"

	"go.yaml.in/yaml/v3"
)

//go:embed dashboards
var dashboards embed.FS

// The dashboards of grafana.com come by number; what they ask for is not recorded, and not judged here.
func TestDashboards_ThatComeByAddressAskOnlyForWhatARecordedProgramExposes(t *testing.T) {
	content, err := fs.ReadFile(repository, "kubernetes/apps/monitoring/kube-prometheus-stack/app/helmrelease.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var release struct {
		Spec struct {
			Values struct {
				Grafana struct {
					Dashboards map[string]map[string]struct {
						URL string `yaml:"url"`
					} `yaml:"dashboards"`
				} `yaml:"grafana"`
			} `yaml:"values"`
		} `yaml:"spec"`
	}
	if err := yaml.Unmarshal(content, &release); err != nil {
		t.Fatal(err)
	}
	metrics := scraped(records(t))
	judged := 0
	for name, dashboard := range release.Spec.Values.Grafana.Dashboards["tree"] {
		if dashboard.URL == "" {
			continue
		}
		judged++
		var recorded struct {
			URL     string   `yaml:"url"`
			Metrics []string `yaml:"metrics"`
		}
		content, err := dashboards.ReadFile("dashboards/" + name + ".yaml")
		if err != nil {
			t.Errorf("%s: what it asks for is not recorded: %v", name, err)
			continue
		}
		if err := yaml.Unmarshal(content, &recorded); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if recorded.URL != dashboard.URL || len(recorded.Metrics) == 0 {
			t.Errorf("%s: recorded is %s, and Grafana fetches %s; record what that asks for", name, recorded.URL, dashboard.URL)
		}
		for _, metric := range recorded.Metrics {
			if _, ok := metrics[metric]; !ok {
				t.Errorf("%s: no recorded program exposes %s", name, metric)
			}
		}
	}
	if judged == 0 {
		t.Error("no dashboard comes by address; then this test can go")
	}
}
