{{/* The labels that every object has. */}}
{{- define "checkout.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The image's reference: consumed by `quote`, so its lines cannot be told apart in the output. */}}
{{- define "checkout.image" -}}
{{ .registry }}/{{ .repository }}:{{ .tag }}
{{- end }}

{{/* Plain output: a finding in here stands in here, and names the call. */}}
{{- define "checkout.sidecar" -}}
- name: proxy
  image: {{ .Values.sidecar.image }}
  securityContext:
    privileged: true
{{- end }}
