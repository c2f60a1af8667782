{{- define "docrelay.name" -}}
{{- printf "%s-%s" .Release.Name "docrelay" | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "docrelay.labels" -}}
app.kubernetes.io/name: docrelay
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{/* The labels that select the pods of one role. Takes (dict "root" $ "role" "edge"). */}}
{{- define "docrelay.selector" -}}
app.kubernetes.io/name: docrelay
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end -}}

{{- define "docrelay.secretName" -}}
{{- .Values.existingSecret | default (include "docrelay.name" .) -}}
{{- end -}}

{{- define "docrelay.check" -}}
{{- if and (not .Values.redis.url) (not .Values.redis.sentinels) }}{{ fail "redis.url is missing: where is Redis? (or redis.sentinels)" }}{{ end -}}
{{- if and .Values.redis.url .Values.redis.sentinels }}{{ fail "redis.url and redis.sentinels are both set: set one of them" }}{{ end -}}
{{- if and .Values.redis.cluster .Values.redis.sentinels }}{{ fail "redis.cluster and redis.sentinels are both set: set one of them" }}{{ end -}}
{{- if and .Values.redis.sentinels (not .Values.redis.sentinelName) }}{{ fail "redis.sentinelName is missing: which master do the sentinels watch?" }}{{ end -}}
{{- if not .Values.engine.url }}{{ fail "engine.url is missing: where is the AI engine?" }}{{ end -}}
{{- if not (or .Values.settings.AUTH_MODE .Values.edge.settings.AUTH_MODE) }}{{ fail "edge.settings.AUTH_MODE must be chosen: anonymous or jwt" }}{{ end -}}
{{- end -}}

{{/* The Deployment of one role. Takes (dict "root" $ "role" "edge" "own" .Values.edge). */}}
{{- define "docrelay.deployment" -}}
{{- $root := .root -}}
{{- $values := $root.Values -}}
{{- $isEdge := eq .role "edge" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "docrelay.name" $root }}-{{ .role }}
  labels:
    {{- include "docrelay.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
spec:
  {{- if not (or .own.hpa.enabled (dig "keda" "enabled" false .own)) }}
  replicas: {{ .own.replicas }}
  {{- end }}
  strategy:
    rollingUpdate: { maxUnavailable: 0, maxSurge: 25% }
  selector:
    matchLabels:
      {{- include "docrelay.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "docrelay.labels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .role }}
      annotations:
        {{- if not $values.existingSecret }}
        checksum/secrets: {{ toJson $values.secrets | sha256sum }}
        {{- end }}
        {{- with $values.podAnnotations }}{{ toYaml . | nindent 8 }}{{ end }}
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      {{- with $values.imagePullSecrets }}
      imagePullSecrets: {{ toYaml . | nindent 8 }}
      {{- end }}
      terminationGracePeriodSeconds: {{ .own.terminationGracePeriodSeconds }}
      {{- if eq .role "extract" }}
      # When a process ends, its children remain as zombies, which Node does not collect. With a shared process namespace
      # the pause container collects them.
      shareProcessNamespace: true
      {{- end }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 1000
        runAsGroup: 1000
        fsGroup: 1000
        seccompProfile: { type: RuntimeDefault }
      topologySpreadConstraints:
        {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
        - maxSkew: 1
          topologyKey: {{ . }}
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "docrelay.selector" $ | nindent 14 }}
        {{- end }}
      {{- with $values.nodeSelector }}
      nodeSelector: {{ toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.tolerations }}
      tolerations: {{ toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: {{ .role }}
          image: "{{ $values.image.repository }}:{{ $values.image.tag | default $root.Chart.AppVersion }}"
          imagePullPolicy: {{ $values.image.pullPolicy }}
          args: ["node", "apps/{{ $isEdge | ternary "edge/dist/edge" "worker/dist/worker" }}.mjs"]
          ports:
            {{- if $isEdge }}
            - { name: http, containerPort: 3000 }
            {{- end }}
            - { name: admin, containerPort: 9090 }
          env:
            {{- if $isEdge }}
            - { name: PORT, value: "3000" }
            {{- else }}
            - { name: WORKER_ROLES, value: {{ .role }} }
            {{- if eq .role "ask" }}
            - { name: ENGINE_URL, value: {{ $values.engine.url | quote }} }
            {{- end }}
            {{- end }}
            {{- with $values.redis.url }}
            - { name: REDIS_URL, value: {{ . | quote }} }
            {{- end }}
            {{- if $values.redis.cluster }}
            - { name: REDIS_CLUSTER, value: "true" }
            {{- end }}
            {{- with $values.redis.sentinels }}
            - { name: REDIS_SENTINELS, value: {{ . | quote }} }
            - { name: REDIS_SENTINEL_NAME, value: {{ $values.redis.sentinelName | quote }} }
            {{- end }}
            {{- with $values.redis.username }}
            - { name: REDIS_USERNAME, value: {{ . | quote }} }
            {{- end }}
            {{- if $values.redis.tlsSecret }}
            - { name: REDIS_TLS_CA, value: /redis-tls/ca.crt }
            {{- if $values.redis.tlsClientCertificate }}
            - { name: REDIS_TLS_CERT, value: /redis-tls/tls.crt }
            - { name: REDIS_TLS_KEY, value: /redis-tls/tls.key }
            {{- end }}
            {{- end }}
            {{- range $name, $value := merge (dict) .own.settings $values.settings }}
            - { name: {{ $name }}, value: {{ $value | quote }} }
            {{- end }}
          {{- if or $values.existingSecret $values.secrets }}
          envFrom:
            - secretRef: { name: {{ include "docrelay.secretName" $root }} }
          {{- end }}
          # `/healthz` is also 200 while a process waits for Redis: then it is alive, and only `/readyz` fails.
          startupProbe:
            httpGet: { path: /healthz, port: admin }
            periodSeconds: 1
            failureThreshold: 60
          livenessProbe:
            httpGet: { path: /healthz, port: admin }
            periodSeconds: 5
            timeoutSeconds: 3
            failureThreshold: 6
          readinessProbe:
            httpGet: { path: /readyz, port: admin }
            periodSeconds: 1
            timeoutSeconds: 2
            failureThreshold: 2
          {{- if $isEdge }}
          # During this pause Kubernetes stops sending new connections to the pod; only then the edge gets SIGTERM and drains.
          lifecycle:
            preStop:
              exec: { command: ["sleep", "2"] }
          {{- end }}
          resources: {{ toYaml .own.resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
          volumeMounts:
            - { name: tmp, mountPath: /tmp }
            {{- if $values.redis.tlsSecret }}
            - { name: redis-tls, mountPath: /redis-tls, readOnly: true }
            {{- end }}
      volumes:
        - name: tmp
          emptyDir: { sizeLimit: 64Mi }
        {{- with $values.redis.tlsSecret }}
        - name: redis-tls
          secret: { secretName: {{ . }}, defaultMode: 0440 }
        {{- end }}
{{- end -}}
