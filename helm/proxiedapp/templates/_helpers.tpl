{{/* Name of the objects: the release's name, with the chart's name appended unless the release's contains it. */}}
{{- define "proxiedapp.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* The name is fixed: NetworkPolicies of isolated apps select the operator's pods by it. */}}
{{- define "proxiedapp.selectorLabels" -}}
app.kubernetes.io/name: proxiedapp
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "proxiedapp.labels" -}}
{{- $ours := include "proxiedapp.selectorLabels" . | fromYaml -}}
{{- $_ := set $ours "app.kubernetes.io/version" .Chart.AppVersion -}}
{{- $_ := set $ours "app.kubernetes.io/managed-by" .Release.Service -}}
{{- $_ := set $ours "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_") -}}
{{- merge $ours .Values.commonLabels | toYaml -}}
{{- end }}

{{/* The pods' labels have no version, so that a new chart version alone does not replace pods. */}}
{{- define "proxiedapp.podLabels" -}}
{{- merge (include "proxiedapp.selectorLabels" . | fromYaml) .Values.podLabels .Values.commonLabels | toYaml -}}
{{- end }}

{{- define "proxiedapp.serviceAccountName" -}}
{{- $made := ternary (include "proxiedapp.fullname" .) "default" .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default $made -}}
{{- end }}

{{- define "proxiedapp.image" -}}
{{- if not .Values.image.repository -}}
{{- fail "image.repository is not set: build the operator's image, push it to a registry of your own, and set image.repository to its name, for example --set image.repository=registry.example/proxiedapp" -}}
{{- end -}}
{{- with .Values.image -}}
{{- $repository := list .registry .repository | compact | join "/" -}}
{{- if .digest -}}
{{- printf "%s@%s" $repository .digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (.tag | default $.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "proxiedapp.healthPort" -}}
{{- .Values.settings.healthPort | default 8080 | int -}}
{{- end }}

{{/* A setting as the value of its variable: a list as a,b and a mapping as a=b,c=d. */}}
{{- define "proxiedapp.settingText" -}}
{{- if kindIs "slice" . -}}
{{- join "," . -}}
{{- else if kindIs "map" . -}}
{{- $pairs := list -}}
{{- range $key, $value := . -}}
{{- $pairs = append $pairs (printf "%s=%s" $key $value) -}}
{{- end -}}
{{- join "," $pairs -}}
{{- else -}}
{{- . -}}
{{- end -}}
{{- end }}

{{- define "proxiedapp.env" -}}
{{- range $name, $value := .Values.settings }}
{{- if not (kindIs "invalid" $value) }}
- name: PROXIEDAPP_{{ $name | snakecase | upper }}
  value: {{ include "proxiedapp.settingText" $value | quote }}
{{- end }}
{{- end }}
{{- with .Values.namespaces }}
- name: PROXIEDAPP_NAMESPACES
  value: {{ join "," . | quote }}
{{- end }}
- name: PROXIEDAPP_LEASE_NAME
  value: {{ include "proxiedapp.fullname" . | quote }}
- name: PROXIEDAPP_IDENTITY
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: PROXIEDAPP_OWN_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: PROXIEDAPP_POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* A value as a CEL expression: the API server refuses lists and maps of different types without dyn. */}}
{{- define "proxiedapp.cel" -}}
{{- $given := . -}}
{{- if kindIs "map" $given -}}
dyn({
{{- range $index, $key := keys $given | sortAlpha -}}
{{- if $index }}, {{ end }}{{ $key | toJson }}: {{ include "proxiedapp.cel" (get $given $key) }}
{{- end -}}
})
{{- else if kindIs "slice" $given -}}
dyn([
{{- range $index, $each := $given -}}
{{- if $index }}, {{ end }}{{ include "proxiedapp.cel" $each }}
{{- end -}}
])
{{- else -}}
dyn({{ toJson $given }})
{{- end -}}
{{- end }}
