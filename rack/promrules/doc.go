// Package promrules puts the alerts of the Flux tree to Prometheus' own code: its parser reads them, its engine evaluates
// them over the series of the unit tests that lie beside them, in promtool's format
// (https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/).
//
// Dashboards are judged in the same way: what their panels ask is asked by the same engine, and the colours of their tiles
// are held to tests. Grafana itself is not here.
//
// What an alert or a panel names must be there: each metric, and each label of it as a scrape leaves it, is one of the
// records in metrics/. A record says which program at which version exposes what, and where that was read; a file of the
// repository pins the version, and a raised one asks for the record to be read again.
//
// It is a module of its own, for Prometheus' requirements must not move those of what the rack runs. Its version is that
// of the chart that installs Prometheus.
package promrules
