{{- /* restart: the annotation whose change makes pods read their configuration anew, when asked for (when). */ -}}
{{- define "restart" }}
{{- if .when }}
cilium.io/cilium-configmap-checksum: {{ include (print .root.Template.BasePath "/config.yaml") .root | sha256sum | quote }}
{{- end }}
{{- end }}
