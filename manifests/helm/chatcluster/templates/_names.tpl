{{- define "chatcluster.selector" -}}
app.kubernetes.io/name: chatcluster
app.kubernetes.io/component: operator
{{- end }}

{{- define "chatcluster.subjects" -}}
subjects:
- kind: ServiceAccount
  name: chat-operator
  namespace: {{ .Release.Namespace }}
{{- end }}
