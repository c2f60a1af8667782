# One image for every process of docrelay; what runs is the command: apps/edge, apps/worker or apps/demo-engine.
# The same .ts files as in development run here: dependencies are installed inside the copied workspace, because Node
# strips no types below node_modules.
#
# Behind a mirror: --build-arg NPM_CONFIG_REGISTRY=… (compose passes it on when it is set).

FROM node:24-bookworm-slim AS tools
ARG NPM_CONFIG_REGISTRY
WORKDIR /app
# pnpm as the bootstrap's lockfile has it, with its integrity.
COPY bootstrap/package.json bootstrap/package-lock.json /tools/
RUN --mount=type=cache,target=/root/.npm \
    npm ci --prefix /tools --ignore-scripts --no-audit --no-fund --loglevel=error \
 && ln -s /tools/node_modules/@pnpm/exe.linux-*/pnpm /usr/local/bin/pnpm

# Only what an install depends on: a changed source must not install everything again.
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
 # Of Tesseract's builds the one that is used.
 && find node_modules -name 'tesseract-core*' ! -name 'tesseract-core-relaxedsimd-lstm.js' ! -name 'tesseract-core-relaxedsimd-lstm.wasm' -delete
# What those need, and nothing of tests or other apps.
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
# Alive, not ready: a Redis that is away must not get healthy processes killed.
HEALTHCHECK --interval=2s --timeout=3s --start-period=20s --retries=5 \
  CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/${ADMIN_PORT} && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
# Node itself is process 1 and gets SIGTERM. It reaps nothing, so run it with an init where it has children (compose does).
CMD ["node", "apps/edge/src/main.ts"]
