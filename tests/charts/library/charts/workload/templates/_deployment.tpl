{{- define "workload.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Values.name }}
spec:
  selector:
    matchLabels: {app: {{ .Values.name }}}
  template:
    metadata:
      labels: {app: {{ .Values.name }}}
    spec:
      {{- if .Values.hostNetwork }}
      hostNetwork: true
      {{- end }}
      containers:
        {{- include "workload.container" . | nindent 8 }}
{{- end }}

{{- define "workload.container" -}}
- name: {{ .Values.name }}
  image: {{ .Values.image }}
  securityContext:
    privileged: true
{{- end }}
