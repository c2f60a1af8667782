# One image for all processes; its command selects the program of the edge, the worker or the demo engine. tools/bundle
# builds each program as one file, and the image contains no sources. To use a mirror of npm: --build-arg
# NPM_CONFIG_REGISTRY=… (compose passes this on if it is set).

FROM node:24-bookworm-slim AS tools
ARG NPM_CONFIG_REGISTRY
WORKDIR /app
# Installs the version of pnpm in the bootstrap's lockfile, and checks it by the lockfile's hash.
COPY bootstrap/package.json bootstrap/package-lock.json /tools/
RUN --mount=type=cache,target=/root/.npm \
    npm ci --prefix /tools --ignore-scripts --no-audit --no-fund --loglevel=error \
 && ln -s /tools/node_modules/@pnpm/exe.linux-*/pnpm /usr/local/bin/pnpm

# Copies only the files that `pnpm install` reads, so that a changed source file does not invalidate this layer.
FROM node:24-bookworm-slim AS manifests
WORKDIR /all
COPY . .
RUN mkdir /manifests && cp --parents package.json pnpm-lock.yaml pnpm-workspace.yaml apps/*/package.json packages/*/package.json tools/*/package.json /manifests

FROM tools AS built
ARG NPM_CONFIG_REGISTRY
COPY --from=manifests /manifests ./
RUN --mount=type=cache,target=/pnpm \
    CI=true pnpm install --frozen-lockfile --ignore-scripts --store-dir=/pnpm \
      --filter "@docrelay/web..." --filter "@docrelay/bundle..." \
      --filter-prod "@docrelay/edge..." --filter-prod "@docrelay/worker..." --filter-prod "@docrelay/doctor..." --filter-prod "@docrelay/local..."
COPY tsconfig.json ./
COPY packages packages
COPY apps apps
COPY tools/bundle tools/bundle
RUN node tools/bundle/src/main.ts && cd apps/web && node node_modules/vite/bin/vite.js build

# Installs the libraries that PDF children load; all other libraries are inside the built programs.
FROM tools AS production
ARG NPM_CONFIG_REGISTRY
COPY --from=manifests /manifests ./
RUN --mount=type=cache,target=/pnpm \
    CI=true pnpm install --prod --frozen-lockfile --ignore-scripts --store-dir=/pnpm --package-import-method=copy \
      --filter-prod "@docrelay/pdf..." \
 && find node_modules -name '*.map' -delete \
 # Keeps only the build of Tesseract that is used.
 && find node_modules -name 'tesseract-core*' ! -name 'tesseract-core-relaxedsimd-lstm.js' ! -name 'tesseract-core-relaxedsimd-lstm.wasm' -delete
COPY --from=built /app/apps/edge/dist apps/edge/dist
COPY --from=built /app/apps/worker/dist apps/worker/dist
COPY --from=built /app/apps/doctor/dist apps/doctor/dist
COPY --from=built /app/apps/demo-engine/dist apps/demo-engine/dist
COPY --from=built /app/apps/web/dist apps/web/dist

FROM node:24-bookworm-slim
# Debian packages of Tesseract for OCR in other languages, such as "tesseract-ocr tesseract-ocr-deu". Without them, OCR
# reads English by WebAssembly.
ARG OCR_PACKAGES
RUN test -z "$OCR_PACKAGES" \
 || { apt-get update && apt-get install -y --no-install-recommends $OCR_PACKAGES && rm -rf /var/lib/apt/lists/*; }
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 ADMIN_PORT=9090
COPY --from=production /app ./
USER node
EXPOSE 3000 9090
# Checks whether the process lives, not whether it is ready: healthy processes must not be killed while Redis is
# unreachable.
HEALTHCHECK --interval=5s --timeout=3s --start-period=120s --retries=3 \
  CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/${ADMIN_PORT} && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
# Node is process 1 and receives SIGTERM. It does not reap child processes, so extract workers need an init (compose adds one).
CMD ["node", "apps/edge/dist/edge.mjs"]
