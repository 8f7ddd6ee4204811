package addons_test

import "testing"

const monitoringAPI = "monitoring.coreos.com/v1"

func TestPrometheus_TheOperatorMakesServersAndSaysHowManyStand(t *testing.T) {
	c := play(t)
	c.Define(definitions + "/prometheus-operator")
	c.Namespace("monitoring")
	c.Operator("monitoring", "kube-prometheus-stack-operator")
	c.Apply(`
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: main, namespace: monitoring}
spec:
  replicas: 2
  serviceAccountName: prometheus
  secrets: [tokens]
  tolerations: [{key: only, operator: Exists}]
  securityContext: {runAsNonRoot: true}
  podMetadata: {labels: {team: home}}
  storage: {volumeClaimTemplate: {spec: {storageClassName: fast, resources: {requests: {storage: 5Gi}}}}}
`)
	set := func(path, want string) {
		t.Helper()
		c.Eventually("apps/v1", "StatefulSet", "monitoring/prometheus-main", path, want)
	}
	set("spec.replicas", "2")
	set("spec.serviceName", `"prometheus-operated"`)
	set("spec.selector.matchLabels.prometheus", `"main"`)
	set("spec.template.metadata.labels.team", `"home"`)
	set("spec.template.spec.serviceAccountName", `"prometheus"`)
	set("spec.template.spec.securityContext.runAsNonRoot", "true")
	set("spec.template.spec.tolerations.[key=only].operator", `"Exists"`)
	set("spec.template.spec.volumes.[name=secret-tokens].secret.secretName", `"tokens"`)
	set("spec.template.spec.containers.[name=prometheus].ports.[name=http-web].containerPort", "9090")
	set("metadata.ownerReferences.[kind=Prometheus].name", `"main"`)
	set("spec.volumeClaimTemplates.[kind=PersistentVolumeClaim].metadata.name", `"prometheus-main-db"`)
	c.Eventually("v1", "Service", "monitoring/prometheus-operated", "spec.ports.[name=http-web].port", "9090")

	said := func(path, want string) {
		t.Helper()
		c.Eventually(monitoringAPI, "Prometheus", "monitoring/main", path, want)
	}
	said("status.conditions.[type=Available].status", `"False"`)
	said("status.conditions.[type=Reconciled].status", `"True"`)
	for ready, want := range map[string]string{"1": `"Degraded"`, "2": `"True"`} {
		c.PatchStatus("apps/v1", "StatefulSet", "monitoring/prometheus-main",
			`{"status": {"replicas": 2, "readyReplicas": `+ready+`, "availableReplicas": `+ready+`}}`)
		said("status.availableReplicas", ready)
		said("status.conditions.[type=Available].status", want)
	}

	// What somebody takes away is made again, and what nobody wants any more goes.
	c.Delete("v1", "Service", "monitoring/prometheus-operated")
	c.Eventually("v1", "Service", "monitoring/prometheus-operated", "spec.clusterIP", `"None"`)
}

func TestPrometheus_AnAlertmanagerHasItsMesh(t *testing.T) {
	c := play(t)
	c.Define(definitions + "/prometheus-operator")
	c.Namespace("monitoring")
	c.Operator("monitoring", "kube-prometheus-stack-operator")
	c.Apply("{apiVersion: monitoring.coreos.com/v1, kind: Alertmanager, metadata: {name: main, namespace: monitoring}, spec: {}}")
	c.Apply("{apiVersion: monitoring.coreos.com/v1, kind: Alertmanager, metadata: {name: still, namespace: monitoring}, spec: {paused: true}}")
	c.Eventually("apps/v1", "StatefulSet", "monitoring/alertmanager-main", "spec.replicas", "1")
	c.Eventually("v1", "Service", "monitoring/alertmanager-operated", "spec.ports.[name=mesh-udp].protocol", `"UDP"`)
	c.Eventually("apps/v1", "StatefulSet", "monitoring/alertmanager-still", "kind", "-")
}
