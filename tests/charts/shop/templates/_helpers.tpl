{{/* The name, which callers cut and compare. */}}
{{- define "shop.name" -}}
shop-u3001
{{- end }}

{{- define "shop.labels" -}}
app.kubernetes.io/name: u3002-{{ include "shop.name" . }}
{{- if .Values.resources }}
app.kubernetes.io/part-of: u3003
{{- else }}
app.kubernetes.io/none: u3004
{{- end }}
{{ include "shop.more" . }}
{{- end }}

{{- define "shop.more" }}
more-u3005: "yes"
{{- range $key, $value := .Values.podAnnotations }}
{{ $key }}-u3006: {{ $value | quote }}
{{- end }}
{{- end -}}

{{- define "shop.consumed" -}}
true
{{- end }}

{{- define "shop.env" -}}
{{- range . }}
- name: {{ .name }} # u3007
  value: {{ .value | quote }} # u3008
{{- end }}
{{- end }}

{{- define "shop.image" -}}
{{ .image.repository }}:{{ .image.tag }}
{{- end }}
