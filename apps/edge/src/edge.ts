import { createHealth, startAdminServer, type Logger } from "@docrelay/platform";
import type { Limits } from "@docrelay/protocol";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createAdmit } from "./limits/admission.ts";
import { createRateLimiter } from "./limits/rate-limit.ts";
import { createAcceptAsk } from "./asks/accept-ask.ts";
import { openResources } from "./resources.ts";
import type { Config } from "./config.ts";
import { drain } from "./drain.ts";
import { openGateway } from "./socketio/gateway.ts";
import { createHttpServer } from "./http/server.ts";
import { createLoopback } from "./http/loopback.ts";
import { createEdgeMetrics } from "./report/metrics.ts";
import { createOpenQueue } from "./conversation/open-queue.ts";
import { createPlainEndpoint } from "./plain/endpoint.ts";
import { readSocketBuffers } from "./socketio/socket-buffers.ts";
import { cancelAsk } from "./socketio/events.ts";
import { createSocketServer } from "./socketio/server.ts";
import { readStaticSite } from "./http/static-site.ts";
import { createUploadQueue } from "./uploads/upload-queue.ts";
import { createUploads } from "./uploads/uploads.ts";

/** One running edge. */
export interface Edge {
  readonly port: number;
  readonly node: string;
  /** Lets go of everybody, then of everything; answers what did not close in time. */
  stop(): Promise<readonly string[]>;
}

const PAGE = join(import.meta.dirname, "../../web/dist");
/** Eight of the largest at a time keep a core busy; of short ones, as many as Redis answers in one go. */
const OPENS = { maxBytes: 4_194_304, atOnce: 64, maxPerUser: 256, maxWaiting: 20_000, waitMs: 8000 };
const UPLOADS = { atOnce: 2, maxUnstoredBytes: 4_194_304, maxChunksPerUpload: 8, waitMs: 10_000 };
const BURST_SECONDS = 4;
/** New connections of one user: a page that flaps must not cost more than one that stays. */
const CONNECT_RATE = { perSecond: 5, burst: 60 };
/** Beyond the clients of either kind: pages, health checks, and what has not said yet what it is. */
const SPARE_SOCKETS = { least: 64, share: 0.1 };
const DRAIN_SPREAD_MS = 1500;
const ASKED_RECENTLY_MS = 10_000;

/** Starts an edge. @throws PlatformError when Redis cannot be used; what listening throws. */
export async function startEdge(config: Config, log: Logger): Promise<Edge> {
  const base = await openResources(config, log);
  const { life, node, redis, subscriber, trouble } = base;
  const limits = limitsOf(config);
  const polls = config.TRANSPORTS === "websocket,polling";
  const transports = polls ? (["polling", "websocket"] as const) : (["websocket"] as const);
  const { io, engine } = createSocketServer({
    publisher: redis,
    subscriber,
    maxInlineBytes: config.MAX_INLINE_BYTES,
    transports,
  });
  life.add("socket server", () => io.close());
  const line = createUploadQueue(UPLOADS);
  const openQueue = createOpenQueue(OPENS);
  const metrics = createEdgeMetrics(() => ({
    socketio: engine.clientsCount,
    plain: plain.count,
    unstoredBytes: line.unstoredBytes,
    uploads: line.uploads,
    opensWaiting: openQueue.waiting,
    ...readSocketBuffers(io),
  }));
  subscriber.on("smessageBuffer", () => metrics.heard());

  const health = createHealth();
  const loopback = createLoopback({ subscriber, publisher: redis, node });
  health.check("redis", () => redis.ping());
  health.check("pubsub", () => loopback.check());
  let askedAt = Number.NEGATIVE_INFINITY;
  const watched = { ...health, ready: () => ((askedAt = performance.now()), health.ready()) };

  const shared = { ...base, limits, log, metrics, line, onTrouble: trouble, openQueue };
  const uploads = createUploads({
    ...shared,
    maxUserBytes: config.MAX_USER_BLOB_BYTES,
    maxBytes: config.MAX_BLOB_BYTES,
  });
  const rate = createRateLimiter({ perSecond: config.ASKS_PER_SECOND, burst: config.ASKS_PER_SECOND * BURST_SECONDS });
  const acceptAsk = createAcceptAsk({ ...shared, uploads, rate });
  const perMinute = config.SESSIONS_PER_MINUTE;
  const doors = {
    ...shared,
    acceptAsk,
    sessionRate: perMinute > 0 ? createRateLimiter({ perSecond: perMinute / 60, burst: perMinute }) : undefined,
    admit: createAdmit({
      connections: base.connections,
      connectRate: createRateLimiter(CONNECT_RATE),
      maxConnections: config.MAX_CONNECTIONS,
      isDraining: () => health.draining,
    }),
    isDraining: () => health.draining,
    origins: config.CORS_ALLOWED_ORIGINS,
    trustedProxies: config.TRUSTED_PROXIES,
    maxSocketBufferBytes: config.MAX_SOCKET_BUFFER_BYTES,
  };
  const gateway = openGateway({ ...doors, io, uploads });
  const cancel = (...[user, conversation, ask]: [string, string, string]): Promise<void> =>
    cancelAsk(doors, user, conversation, ask);
  const plain = createPlainEndpoint({ ...doors, cancel });
  life.add("plain endpoint", () => plain[Symbol.asyncDispose]());

  const http = createHttpServer({
    ...doors,
    site: readStaticSite(PAGE),
    health: watched,
    maxSockets: Math.ceil(
      config.MAX_CONNECTIONS + Math.max(SPARE_SOCKETS.least, config.MAX_CONNECTIONS * SPARE_SOCKETS.share),
    ),
    polling: polls ? (request, response) => engine.handleRequest(request, response) : undefined,
    upgrades: {
      socketIo: (request, socket, head) => engine.handleUpgrade(request, socket, head),
      plain: plain.handleUpgrade,
    },
    onBug: (error) => log.error({ err: error }, "bug"),
  });
  if (config.ADMIN_PORT > 0) {
    const admin = await startAdminServer({
      port: config.ADMIN_PORT,
      host: config.HOST,
      health: watched,
      metrics: metrics.metrics,
    });
    life.add("admin server", () => admin[Symbol.asyncDispose]());
  }
  http.listen(config.PORT, config.HOST);
  await once(http, "listening");

  return {
    port: (http.address() as AddressInfo).port,
    node,
    async stop() {
      // A balancer that looks gets the time to see it; where nobody looks, nobody is waited for.
      const delayMs = performance.now() - askedAt < ASKED_RECENTLY_MS ? config.DRAIN_DELAY_MS : 0;
      await drain({
        health,
        http,
        connections: () => [...gateway.connections(), ...plain.connections()],
        delayMs,
        spreadMs: DRAIN_SPREAD_MS,
        hasPolling: polls,
      });
      return (await life.close()).map(({ step }) => step);
    },
  };
}

function limitsOf(config: Config): Limits {
  return {
    messageChars: config.MAX_MESSAGE_CHARS,
    inlineFileBytes: config.MAX_INLINE_BYTES,
    fileBytes: config.MAX_FILE_BYTES,
    filesPerAsk: config.MAX_FILES_PER_ASK,
    chunkBytes: config.CHUNK_BYTES,
    pagesPerFile: config.MAX_PAGES,
    asksInFlight: config.MAX_ASKS_IN_FLIGHT,
  };
}
