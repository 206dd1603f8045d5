{{- define "libcommon.probe" -}}
httpGet: # u9001
  port: {{ .port }} # u9002
  path: {{ .path }} # u9003
{{- end }}
