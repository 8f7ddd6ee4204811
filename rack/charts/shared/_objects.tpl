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

{{- /* account: a ServiceAccount. labels, annotations. */ -}}
{{- define "account" }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "meta" . | nindent 2 }}
{{- end }}

{{- /*
workload: a Deployment, or what kind says. select: the labels that its pods are found by; labels: further ones.
image; container, unless it is called as the workload is; args; env; ports, by name; account; replicas; everywhere: no taint keeps it away; values: what the release says of resources, podAnnotations,
podLabels, nodeSelector, affinity, tolerations and priorityClassName; also: further containers; strategy; volumes;
claims: volume claim templates. What its pods may do on a node is as the facts of the genuine chart have it.
*/ -}}
{{- define "workload" }}
{{- $values := .values | default dict }}
{{- $kind := .kind | default "Deployment" }}
{{- $fact := dict "containers" list }}
{{- range .root.Files.Get "facts.json" | fromJsonArray }}
{{- if and (eq .release $.root.Release.Name) (eq .kind $kind) (eq .name $.name) }}
{{- $fact = . }}
{{- end }}
{{- end }}
{{- $main := .container | default .name }}
{{- $security := dict }}
{{- $initial := list }}
{{- range $fact.containers }}
{{- if .init }}
{{- $initial = append $initial . }}
{{- else if eq .name $main }}
{{- $security = .securityContext }}
{{- end }}
{{- end }}
---
apiVersion: apps/v1
kind: {{ $kind }}
metadata:
  {{- include "meta" (merge (dict "labels" (merge dict .select (.labels | default dict))) .) | nindent 2 }}
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
      {{- toYaml .select | nindent 6 }}
  template:
    metadata:
      labels:
        {{- toYaml (merge dict .select (.labels | default dict) ($values.podLabels | default dict)) | nindent 8 }}
      annotations:
        rack.home-ops/stand-in: "true"
        {{- with merge dict (.podAnnotations | default dict) ($values.podAnnotations | default dict) }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      {{- with .account }}
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
      {{- with coalesce .priority $values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      {{- with $values.nodeSelector }}
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
      {{- if .everywhere }}
      tolerations:
        - operator: Exists
      {{- else }}
      {{- with $values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- end }}
      {{- with $fact.securityContext }}
      securityContext:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $initial }}
      initContainers:
        {{- range . }}
        - name: {{ .name }}
          image: {{ $.image | quote }}
          {{- with .securityContext }}
          securityContext:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- with $values.resources }}
          resources:
            {{- toYaml . | nindent 12 }}
          {{- end }}
        {{- end }}
      {{- end }}
      containers:
        - name: {{ $main }}
          image: {{ .image | quote }}
          {{- with $security }}
          securityContext:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- with .args }}
          args:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- with .env }}
          env:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          {{- with .ports }}
          ports:
            {{- range $name, $port := . }}
            - name: {{ $name }}
              containerPort: {{ $port }}
            {{- end }}
          {{- end }}
          {{- with $values.resources }}
          resources:
            {{- toYaml . | nindent 12 }}
          {{- end }}
        {{- range $also := .also }}
        {{- range $fact.containers }}
        {{- if and (eq .name $also.name) .securityContext }}
        {{- $also = merge (dict "securityContext" .securityContext) $also }}
        {{- end }}
        {{- end }}
        {{- toYaml (list $also) | nindent 8 }}
        {{- end }}
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
{{- end }}

{{- /* service: select; ports: targets by port number; type; headless; spec: further fields; labels, annotations. */ -}}
{{- define "service" }}
---
apiVersion: v1
kind: Service
metadata:
  {{- include "meta" . | nindent 2 }}
spec:
  {{- with .type }}
  type: {{ . }}
  {{- end }}
  {{- if .headless }}
  clusterIP: None
  {{- end }}
  {{- with .spec }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  selector:
    {{- toYaml .select | nindent 4 }}
  ports:
    {{- toYaml .ports | nindent 4 }}
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

{{- /* budget: one pod stays. select. */ -}}
{{- define "budget" }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "meta" (merge (dict "labels" .select) .) | nindent 2 }}
spec:
  minAvailable: 1
  selector:
    matchLabels:
      {{- toYaml .select | nindent 6 }}
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
