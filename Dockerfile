# One image for all processes; the command selects apps/edge, apps/worker or apps/demo-engine.
# The same .ts files as in development run here: dependencies are installed inside the copied workspace, because Node
# strips no types below node_modules.
#
# With a mirror: --build-arg NPM_CONFIG_REGISTRY=… (compose passes it on if it is set).

FROM node:24-bookworm-slim AS tools
ARG NPM_CONFIG_REGISTRY
WORKDIR /app
# pnpm of the version and integrity in the bootstrap's lockfile.
COPY bootstrap/package.json bootstrap/package-lock.json /tools/
RUN --mount=type=cache,target=/root/.npm \
    npm ci --prefix /tools --ignore-scripts --no-audit --no-fund --loglevel=error \
 && ln -s /tools/node_modules/@pnpm/exe.linux-*/pnpm /usr/local/bin/pnpm

# Only files that the install reads, so that a changed source file does not invalidate this layer.
FROM node:24-bookworm-slim AS manifests
WORKDIR /all
COPY . .
RUN mkdir /manifests && cp --parents package.json pnpm-lock.yaml pnpm-workspace.yaml apps/*/package.json packages/*/package.json tools/*/package.json /manifests

FROM tools AS page
ARG NPM_CONFIG_REGISTRY
COPY --from=manifests /manifests ./
RUN --mount=type=cache,target=/pnpm \
    CI=true pnpm install --frozen-lockfile --ignore-scripts --store-dir=/pnpm --filter "@docrelay/web..."
COPY tsconfig.json ./
COPY packages packages
COPY apps/web apps/web
RUN cd apps/web && node node_modules/vite/bin/vite.js build

FROM tools AS production
ARG NPM_CONFIG_REGISTRY
COPY --from=manifests /manifests ./
RUN --mount=type=cache,target=/pnpm \
    CI=true pnpm install --prod --frozen-lockfile --ignore-scripts --store-dir=/pnpm --package-import-method=copy \
      --filter-prod "@docrelay/edge..." --filter-prod "@docrelay/worker..." --filter-prod "@docrelay/demo-engine..." \
 && find node_modules -name '*.map' -delete \
 # Only the build of Tesseract that is used.
 && find node_modules -name 'tesseract-core*' ! -name 'tesseract-core-relaxedsimd-lstm.js' ! -name 'tesseract-core-relaxedsimd-lstm.wasm' -delete
# Only dependencies of these apps, without those of tests.
COPY packages packages
COPY apps/edge apps/edge
COPY apps/worker apps/worker
COPY apps/demo-engine apps/demo-engine
COPY --from=page /app/apps/web/dist apps/web/dist
RUN find apps packages -name node_modules -prune -o \( -name '*.test.ts' -o -name test -o -name bench \) -print0 | xargs -0 rm -rf \
 && rm -rf packages/client packages/testkit

FROM node:24-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 ADMIN_PORT=9090
COPY --from=production /app ./
USER node
EXPOSE 3000 9090
# Liveness, not readiness: healthy processes must not be killed while Redis is unreachable.
HEALTHCHECK --interval=2s --timeout=3s --start-period=20s --retries=5 \
  CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/${ADMIN_PORT} && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
# Node is process 1 and receives SIGTERM. It does not reap child processes, so extract workers need an init (compose adds one).
CMD ["node", "apps/edge/src/main.ts"]
