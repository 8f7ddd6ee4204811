// Package prometheus is a stand-in for the operator of Prometheus (https://prometheus-operator.dev/docs/api-reference/api/): of each
// Prometheus and Alertmanager it makes the StatefulSet and the Service that governs it, and says of the object how many of its pods
// are available.
//
// Left out: the configuration that it writes into Secrets out of monitors and rules, whose loading rack/promrules judges; shards,
// agents and ThanosRulers; and fields of the pods that no chart of ours sets.
package prometheus
