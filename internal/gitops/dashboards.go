package gitops

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// dashboardLabel is by what Grafana's sidecar finds the ConfigMaps whose files are dashboards.
const dashboardLabel = "grafana_dashboard"

// CheckDashboards reports dashboards that Grafana would leave out without a word, as they are no JSON or one has the uid
// of another, and their links to pages of the cluster that no route leads to.
func (c *Cluster) CheckDashboards(s *spec.Stack) []error {
	pages := map[string]bool{}
	for _, o := range c.Objects {
		if o.GetKind() == "HTTPRoute" {
			hosts, _ := mapAt(o.Object, "spec")["hostnames"].([]any)
			for _, host := range hosts {
				if name, ok := host.(string); ok {
					pages[name] = true
				}
			}
		}
	}
	var problems []error
	first := map[string]string{}
	for _, o := range c.Objects {
		if _, is := o.GetLabels()[dashboardLabel]; o.GetKind() != "ConfigMap" || !is {
			continue
		}
		files := mapAt(o.Object, "data")
		for _, name := range slices.Sorted(maps.Keys(files)) {
			text, _ := files[name].(string)
			var dashboard struct {
				UID   string `json:"uid"`
				Links []struct {
					URL string `json:"url"`
				} `json:"links"`
			}
			if err := json.Unmarshal([]byte(text), &dashboard); err != nil {
				problems = append(problems, fmt.Errorf("%s: %s is no dashboard: %w", o.Where(), name, err))
				continue
			}
			if dashboard.UID == "" {
				problems = append(problems, fmt.Errorf("%s: %s has no uid, and an address that changes; give it one", o.Where(), name))
			} else if other, twice := first[dashboard.UID]; twice {
				problems = append(problems, fmt.Errorf("%s: %s has the uid %s, as %s has, and Grafana shows one of the two; give it another",
					o.Where(), name, dashboard.UID, other))
			}
			first[dashboard.UID] = name + " of " + o.Where()
			for _, link := range dashboard.Links {
				to, err := url.Parse(link.URL)
				if err != nil || strings.HasSuffix(to.Hostname(), "."+s.Cluster.Domain) && !pages[to.Hostname()] {
					problems = append(problems, fmt.Errorf("%s: %s links to %s, and no HTTPRoute of the cluster has that name; take the link away, or add the route",
						o.Where(), name, link.URL))
				}
			}
		}
	}
	return problems
}
