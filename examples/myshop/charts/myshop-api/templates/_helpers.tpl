{{/*
Name of the chart.
*/}}
{{- define "myshop-api.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/*
Name of the release's objects.
*/}}
{{- define "myshop-api.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "myshop-api.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "myshop-api.labels" -}}
helm.sh/chart: {{ include "myshop-api.chart" . }}
app.kubernetes.io/name: {{ include "myshop-api.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: myshop
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/*
Labels of the API's pods only: migration and test pods must not receive traffic.
*/}}
{{- define "myshop-api.selectorLabels" -}}
app.kubernetes.io/name: {{ include "myshop-api.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: api
{{- end }}

{{- define "myshop-api.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "myshop-api.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "myshop-api.image" -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- end }}

{{/*
Where API and migration get their settings from.
*/}}
{{- define "myshop-api.envFrom" -}}
- configMapRef:
    name: {{ include "myshop-api.fullname" . }}
- secretRef:
    name: {{ include "myshop-api.fullname" . }}
{{- end }}
