{{- /* restart: the annotation whose change makes pods read their configuration anew, when asked for (when). */ -}}
{{- define "restart" }}
{{- if .when }}
cilium.io/cilium-configmap-checksum: {{ include (print .root.Template.BasePath "/config.yaml") .root | sha256sum | quote }}
{{- end }}
{{- end }}
{{- /* api: the variables that say where the API server is, when the values do. */ -}}
{{- define "api" }}
{{- with .Values.k8sServiceHost }}
- {name: KUBERNETES_SERVICE_HOST, value: {{ toString . | quote }}}
- {name: KUBERNETES_SERVICE_PORT, value: {{ toString $.Values.k8sServicePort | quote }}}
{{- end }}
{{- end }}
