{{- /*
The objects that charts are made of. Each takes a dict with the chart's context as root, a name, and what is said below.
*/ -}}

{{- /* meta: what is under metadata. labels; annotations; namespace, unless the release's; cluster: it has none. */ -}}
{{- define "meta" -}}
name: {{ .name }}
{{- if not .cluster }}
namespace: {{ .namespace | default .root.Release.Namespace }}
{{- end }}
labels:
  app.kubernetes.io/managed-by: {{ .root.Release.Service }}
  helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version | replace "+" "_" }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  rack.home-ops/stand-in: "true"
  {{- with .annotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- /* named: the usual labels of an app in a release. */ -}}
{{- define "named" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{- /* facts: what the genuine chart becomes as this release, as JSON; nothing of a release that nobody has recorded. */ -}}
{{- define "facts" -}}
{{- $found := dict }}
{{- range .Files.Get "facts.json" | fromJsonArray }}
{{- if and (not $found) (eq .name $.Release.Name) }}
{{- $found = . }}
{{- end }}
{{- end }}
{{- toJson $found }}
{{- end }}

{{- /* account: a ServiceAccount. */ -}}
{{- define "account" }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "meta" . | nindent 2 }}
{{- end }}

{{- /*
workload: a Deployment, or what kind says, and the Services that find its pods. Its labels, ports, account, init containers
and what its pods may do on a node are those of the genuine chart's facts; where an operator makes it in life, fact says them
in the form of facts. Below are what facts do not tell.
container: that of them which image, args, env, mounts and the resources of values are of, unless it is called as the workload is;
also: images, env and resources of others, by name; replicas; values: what the release says of resources, podAnnotations,
podLabels, nodeSelector, affinity, topologySpreadConstraints, tolerations and priorityClassName; podAnnotations; strategy;
volumes; claims: volume claim templates; budget: the name of a budget by which one pod stays; services: see there.
*/ -}}
{{- define "workload" }}
{{- $values := .values | default dict }}
{{- $kind := .kind | default "Deployment" }}
{{- $main := .container | default .name }}
{{- $said := merge (dict $main (dict "image" .image "args" .args "env" .env "resources" $values.resources "volumeMounts" .mounts)) (.also | default dict) }}
{{- $named := include "named" . | fromYaml }}
{{- $plain := list }}
{{- range keys $said | sortAlpha }}
{{- $plain = append $plain (dict "name" .) }}
{{- end }}
{{- $fact := .fact | default (dict "selector" $named "labels" $named "containers" $plain) }}
{{- range (include "facts" .root | fromJson).workloads }}
{{- if and (eq .kind $kind) (eq .name $.name) }}
{{- $fact = . }}
{{- end }}
{{- end }}
{{- $labels := merge dict $fact.selector ($values.podLabels | default dict) $fact.labels }}
{{- $initial := list }}
{{- $containers := list }}
{{- range $fact.containers }}
{{- $default := dict "image" $.image "resources" (ternary $values.resources dict (hasKey . "init")) }}
{{- $all := merge (omit . "init") (index $said .name | default $default) }}
{{- $container := dict }}
{{- range $key, $value := $all }}
{{- if $value }}
{{- $_ := set $container $key $value }}
{{- end }}
{{- end }}
{{- $said = omit $said .name }}
{{- if .init }}
{{- $initial = append $initial $container }}
{{- else }}
{{- $containers = append $containers $container }}
{{- end }}
{{- end }}
{{- with keys $said }}
{{- fail (printf "%s %s: its facts have no container %s" $kind $.name (. | sortAlpha | join ", ")) }}
{{- end }}
---
apiVersion: apps/v1
kind: {{ $kind }}
metadata:
  {{- include "meta" (dict "root" .root "name" .name "namespace" $fact.namespace "labels" $labels) | nindent 2 }}
spec:
  {{- if ne $kind "DaemonSet" }}
  replicas: {{ ternary .replicas 1 (not (kindIs "invalid" .replicas)) }}
  {{- end }}
  {{- with .strategy }}
  strategy:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if eq $kind "StatefulSet" }}
  serviceName: {{ .name }}
  {{- end }}
  selector:
    matchLabels:
      {{- toYaml $fact.selector | nindent 6 }}
  template:
    metadata:
      labels:
        {{- toYaml $labels | nindent 8 }}
      annotations:
        rack.home-ops/stand-in: "true"
        {{- with merge dict (.podAnnotations | default dict) ($values.podAnnotations | default dict) }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      {{- with $fact.serviceAccount }}
      serviceAccountName: {{ . }}
      {{- end }}
      {{- if $fact.hostNetwork }}
      hostNetwork: true
      dnsPolicy: ClusterFirstWithHostNet
      {{- end }}
      {{- if $fact.hostPID }}
      hostPID: true
      {{- end }}
      {{- if $fact.hostIPC }}
      hostIPC: true
      {{- end }}
      {{- with coalesce $values.priorityClassName $fact.priorityClass }}
      priorityClassName: {{ . }}
      {{- end }}
      {{- with merge dict ($values.nodeSelector | default dict) ($fact.nodeSelector | default dict) }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.topologySpreadConstraints }}
      topologySpreadConstraints:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with coalesce $values.tolerations $fact.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $fact.securityContext }}
      securityContext:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $initial }}
      initContainers:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        {{- toYaml $containers | nindent 8 }}
      {{- if or .volumes $fact.hostPaths }}
      volumes:
        {{- with .volumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
        {{- range $i, $path := $fact.hostPaths }}
        - name: host-{{ $i }}
          hostPath:
            path: {{ $path | quote }}
        {{- end }}
      {{- end }}
  {{- with .claims }}
  volumeClaimTemplates:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- include "services" (dict "root" .root "labels" $labels "services" .services) }}
{{- with .budget }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "meta" (dict "root" $.root "name" . "labels" $fact.selector) | nindent 2 }}
spec:
  minAvailable: 1
  selector:
    matchLabels:
      {{- toYaml $fact.selector | nindent 6 }}
{{- end }}
{{- end }}

{{- /*
services: the genuine chart's Services, as facts have them, that find pods with the labels. services: what the release's values
say of some, by name: omit: it is not wanted; spec: further fields, or others; labels; annotations.
*/ -}}
{{- define "services" }}
{{- range (include "facts" .root | fromJson).services }}
{{- $said := index ($.services | default dict) .name | default dict }}
{{- if and .selector (not $said.omit) (eq (toJson $.labels) (merge dict .selector $.labels | toJson)) }}
{{- $spec := dict "selector" .selector }}
{{- with .type }}
{{- $_ := set $spec "type" . }}
{{- end }}
{{- if .headless }}
{{- $_ := set $spec "clusterIP" "None" }}
{{- end }}
{{- $ports := list }}
{{- range .ports }}
{{- /* A target that the chart leaves to the API server is recorded as 0. */}}
{{- $ports = append $ports (ternary (omit . "targetPort") . (eq (toString .targetPort) "0")) }}
{{- end }}
{{- with $ports }}
{{- $_ := set $spec "ports" . }}
{{- end }}
{{- include "service" (dict "root" $.root "name" .name "namespace" .namespace "annotations" $said.annotations
  "labels" (merge dict ($said.labels | default dict) (.labels | default dict)) "spec" (merge dict ($said.spec | default dict) $spec)) }}
{{- end }}
{{- end }}
{{- end }}

{{- /* service: a Service. spec; labels; annotations. */ -}}
{{- define "service" }}
---
apiVersion: v1
kind: Service
metadata:
  {{- include "meta" . | nindent 2 }}
spec:
  {{- toYaml .spec | nindent 2 }}
{{- end }}

{{- /* definitions: the kinds that come with the chart. annotations; keep: they stay when the release goes. */ -}}
{{- define "definitions" }}
{{- $annotations := .annotations | default dict }}
{{- if .keep }}
{{- $annotations = dict "helm.sh/resource-policy" "keep" }}
{{- end }}
{{- range $_, $content := .root.Files.Glob "definitions/*.yaml" }}
{{- $definition := $content | toString | fromJson }}
{{- $_ := set $definition.metadata "annotations" (merge $definition.metadata.annotations $annotations) }}
---
{{ toJson $definition }}
{{- end }}
{{- end }}

{{- /* almighty: an account may do everything. account. */ -}}
{{- define "almighty" }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  {{- include "meta" (merge (dict "cluster" true) .) | nindent 2 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: cluster-admin
subjects:
  - kind: ServiceAccount
    name: {{ .account }}
    namespace: {{ .root.Release.Namespace }}
{{- end }}

{{- /*
monitor: a ServiceMonitor, where the release asks for one (when). select; port, by name; trust: the kind will be there.
*/ -}}
{{- define "monitor" }}
{{- if .when }}
{{- if not (or .trust (.root.Capabilities.APIVersions.Has "monitoring.coreos.com/v1")) }}
{{- fail (printf "ServiceMonitor %s needs the kinds of monitoring.coreos.com/v1, which the cluster does not have" .name) }}
{{- end }}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  {{- include "meta" (merge (dict "labels" .select) .) | nindent 2 }}
spec:
  selector:
    matchLabels:
      {{- toYaml .select | nindent 6 }}
  endpoints:
    - port: {{ .port }}
      path: /metrics
{{- end }}
{{- end }}
