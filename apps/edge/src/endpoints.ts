import type { Health, Logger } from "@docrelay/platform";
import type { Server as HttpServer } from "node:http";
import { join } from "node:path";
import { countedNetworks, type Asking } from "./asking.ts";
import type { Config } from "./config.ts";
import type { ClientConnection } from "./limits/client-connection.ts";
import { createGiveFeedback } from "./asks/give-feedback.ts";
import { createUserSockets } from "./conversation/user-sockets.ts";
import { createHttpApi } from "./http/api/api.ts";
import { createRoutes } from "./http/api/routes.ts";
import { createOpenAiRoutes } from "./http/openai/routes.ts";
import { createHttpServer } from "./http/server.ts";
import { readStaticSite } from "./http/static-site.ts";
import { createArriving } from "./limits/arriving.ts";
import { createFreeing } from "./limits/freeing.ts";
import { clientNetwork, countedNetworkOf } from "./auth/client-address.ts";
import type { Origins } from "./auth/origin.ts";
import { createAdmit, type GroupRule } from "./limits/admission.ts";
import { createRateLimiter, type RateLimiter } from "./limits/rate-limit.ts";
import { createPlainEndpoint, plainFrameBytes } from "./plain/endpoint.ts";
import { createEdgeMetrics, type EdgeMetrics } from "./report/metrics.ts";
import type { Resources } from "./resources.ts";
import { createCookies } from "./login/cookies.ts";
import { createLogin, type Login } from "./login/login.ts";
import { openGateway } from "./socketio/gateway.ts";
import { createSocketServer } from "./socketio/server.ts";
import { readSocketBuffers } from "./socketio/socket-buffers.ts";
import { withLinks } from "./sharing/shares.ts";
import { upgradeTo } from "./socketio/upgrade.ts";

/** The public port, and behind it both WebSocket endpoints and the HTTP API; `http` does not listen yet. */
export interface Endpoints {
  readonly http: HttpServer;
  readonly metrics: EdgeMetrics;
  readonly hasPolling: boolean;
  /** The client connections that are open now, of any kind. */
  connections(): ClientConnection[];
}

export interface EndpointsDeps {
  readonly config: Config;
  readonly log: Logger;
  readonly resources: Resources;
  readonly asking: Asking;
  readonly health: Health;
}

const PAGE = join(import.meta.dirname, "../../web/dist");
/** Feedback of one user, per edge. */
const FEEDBACK_RATE = { perSecond: 1, burst: 20 };
/** TCP connections beyond those of clients: for pages, health checks, and connections without a request so far. */
const SPARE_SOCKETS = { min: 64, share: 0.1 };

/** Bytes of incomplete messages, of all connections: the larger of `bytes` and this many of the largest plain frames. */
const ARRIVING = { bytes: 67_108_864, frames: 2 };
/** The same for the connections of one network, where networks are counted. */
const ARRIVING_OF_NETWORK = { bytes: 33_554_432, frames: 1 };
const EXPIRE_MS = 2000;
/** Large frames of one user of the plain endpoint. */
const LARGE_RATE = { perSecond: 1, burst: 10 };

/** Builds the endpoints; closing them is added to the lifecycle. */
export function openEndpoints({ config, log, resources, asking, health }: EndpointsDeps): Endpoints {
  const { life, node, redis, subscriber, subscriptions, authenticator, connections, onTrouble } = resources;
  const {
    limits,
    acceptAsk,
    cancelAsk,
    openConversation,
    conversations,
    shares,
    ownFiles,
    ownData,
    quotas,
    openQueue,
    uploads,
    uploadQueue,
    uploadWatch,
  } = asking;
  const hasPolling = config.TRANSPORTS === "websocket,polling";
  const mostOf = ({ bytes, frames }: typeof ARRIVING): number =>
    Math.max(bytes, frames * plainFrameBytes(config.MAX_FILE_BYTES));
  const arriving = createArriving({
    maxBytes: mostOf(ARRIVING),
    maxNetworkBytes: mostOf(ARRIVING_OF_NETWORK),
    received: createFreeing().received,
  });
  const networkOf = countedNetworkOf(config);
  const expiring = setInterval(() => arriving.expire(), EXPIRE_MS);
  life.add("incomplete messages", () => clearInterval(expiring));
  const { io, engine } = createSocketServer({
    arriving,
    networkOf,
    closed: (code) => metrics.closed(code),
    publisher: redis,
    subscriber,
    sealing: resources.store.sealing,
    maxInlineBytes: config.MAX_INLINE_BYTES,
    pingIntervalMs: config.PING_INTERVAL_MS,
    transports: hasPolling ? ["polling", "websocket"] : ["websocket"],
  });
  life.add("socket server", () => io.close());

  const metrics = createEdgeMetrics(() => ({
    socketio: engine.clientsCount,
    plain: plain.count,
    http: api.count,
    unstoredBytes: uploadQueue.unstoredBytes,
    uploads: uploadQueue.uploads,
    opensWaiting: openQueue.waiting,
    workersHeard: resources.roster.workers.length,
    redisEvictedKeys: resources.memoryGate.evicted,
    redisLosses: resources.keptInRedis.losses,
    asksLost: resources.acknowledged.lost,
    ...readSocketBuffers(io),
  }));
  resources.byTenant.tenants.report((tenant, bytes) => metrics.askedByTenant(tenant, bytes));
  subscriber.on("smessageBuffer", () => metrics.heard());

  const giveFeedback = createGiveFeedback({
    store: resources.store,
    rate: createRateLimiter(FEEDBACK_RATE),
    metrics,
    log,
    logsWords: config.LOG_FEEDBACK_WORDS === "true",
  });
  const isDraining = (): boolean => health.draining;
  const admit = createAdmit({
    connections,
    connectRate: createRateLimiter({ perSecond: config.CONNECTS_PER_SECOND, burst: config.CONNECTS_BURST }),
    maxConnections: config.MAX_CONNECTIONS,
    groups: groupsOf(config, resources),
    isDraining,
    isRevoked: resources.revocations.isRevoked,
  });
  const perMinute = config.SESSIONS_PER_MINUTE;
  // Where no sessions are issued a missing token is `AUTH_REQUIRED`, however often it is missing.
  const issues = config.AUTH_MODE === "anonymous";
  const sessionRate =
    issues && perMinute > 0 ? createRateLimiter({ perSecond: perMinute / 60, burst: perMinute }) : undefined;
  const origins = originsOf(config);
  const trustedProxies = config.TRUSTED_PROXIES;
  const maxSocketBufferBytes = config.MAX_SOCKET_BUFFER_BYTES;

  const userSockets = createUserSockets(resources.userHints, onTrouble);
  const gateway = openGateway({
    io,
    admit,
    isDraining,
    authenticator: withLinks(authenticator, shares),
    subscriptions,
    userSockets,
    openConversation,
    conversations,
    shares,
    acceptAsk,
    cancelAsk,
    giveFeedback,
    uploads,
    uploadQueue,
    uploadWatch,
    limits,
    node,
    maxSocketBufferBytes,
    metrics,
    log,
    onTrouble,
  });
  const plain = createPlainEndpoint({
    admit,
    isDraining,
    arriving,
    networkOf,
    largeRate: createRateLimiter({
      perSecond: LARGE_RATE.perSecond * Math.max(1, config.USERS_PER_ADDRESS),
      burst: LARGE_RATE.burst * Math.max(1, config.USERS_PER_ADDRESS),
    }),
    networks: countedNetworks(resources),
    authenticator,
    cookie: config.JWT_COOKIE,
    sessionRate,
    trustedProxies,
    origins,
    fanOut: resources.fanOut,
    openConversation,
    acceptAsk,
    cancelAsk,
    limits,
    askDeadlineMs: config.ASK_DEADLINE_MS,
    maxSocketBufferBytes,
    pingIntervalMs: config.PING_INTERVAL_MS,
    metrics,
    log,
    onTrouble,
  });
  life.add("plain endpoint", () => plain[Symbol.asyncDispose]());

  const routeDeps = {
    store: resources.store,
    blobs: resources.blobs,
    producer: resources.producer,
    fanOut: resources.fanOut,
    openConversation,
    conversations,
    shares,
    ownFiles,
    ownData,
    quotas,
    acceptAsk,
    cancelAsk,
    giveFeedback,
    uploads,
    uploadQueue,
    limits,
    askDeadlineMs: config.ASK_DEADLINE_MS,
    maxSocketBufferBytes,
    metrics,
    onTrouble,
  };
  const api = createHttpApi({
    routes: [...createRoutes(routeDeps), ...createOpenAiRoutes(routeDeps)],
    admit,
    isDraining,
    authenticator: withLinks(authenticator, shares),
    userSockets,
    shares,
    sessionRate,
    trustedProxies,
    origins,
    metrics,
    log,
    onTrouble,
  });

  const http = createHttpServer({
    api,
    site: readStaticSite(PAGE, { frameAncestors: config.FRAME_ANCESTORS }),
    health,
    authenticator,
    login: openLogin(config, resources),
    origins,
    trustedProxies,
    sessionRate,
    polling: hasPolling ? (request, response) => engine.handleRequest(request, response) : undefined,
    keepAliveMs: config.HTTP_KEEP_ALIVE_MS,
    maxSockets: maxSocketsOf(config.MAX_CONNECTIONS),
    upgrades: { socketIo: upgradeTo(engine), plain: plain.handleUpgrade },
    onBug: (error) => log.error({ err: error }, "bug"),
  });
  const all = (): ClientConnection[] => [...gateway.connections(), ...plain.connections(), ...api.connections()];
  resources.revocations.onChange(() => {
    for (const one of all()) if (resources.revocations.isRevoked(one.identity)) one.revoked();
  });
  return { http, metrics, hasPolling, connections: all };
}

function originsOf({ CORS_ALLOWED_ORIGINS: listed, ONLY_LOCAL: onlyLocal }: Config): Origins {
  return { listed, onlyLocal };
}

/** Undefined where the page does not sign in. */
function openLogin(config: Config, { accounts, revocations, onTrouble }: Resources): Login | undefined {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_REDIRECT_URL: redirectUrl } = config;
  if (!accounts || !issuer || !clientId || !redirectUrl) return undefined;
  return createLogin({
    issuer,
    clientId,
    clientSecret: config.OIDC_CLIENT_SECRET,
    scope: config.OIDC_SCOPE,
    redirectUrl,
    ttlMs: config.SESSION_TTL_MS,
    origins: originsOf(config),
    cookies: createCookies(accounts.secrets, redirectUrl.startsWith("https:")),
    issue: accounts.issue,
    isRevoked: revocations.isRevoked,
    onTrouble,
  });
}

/** The groups that a connection counts for: its network, and its tenant if it has one. */
function groupsOf(config: Config, { byNetwork, byTenant }: Resources): GroupRule[] {
  const rateOf = (users: number): RateLimiter =>
    createRateLimiter({ perSecond: config.CONNECTS_PER_SECOND * users, burst: config.CONNECTS_BURST * users });
  const { connections, tenants } = byTenant;
  return [
    {
      kind: "tenant",
      members: tenants,
      limits: connections && { connections, connectRate: rateOf(config.USERS_PER_TENANT) },
      nameOf: ({ tenant }) => tenant,
    },
    {
      kind: "network",
      members: byNetwork.networks,
      limits: byNetwork.connections && {
        connections: byNetwork.connections,
        connectRate: rateOf(config.USERS_PER_ADDRESS),
      },
      nameOf: (_identity, request) => clientNetwork(request, config.TRUSTED_PROXIES),
    },
  ];
}

function maxSocketsOf(maxConnections: number): number {
  return Math.ceil(maxConnections + Math.max(SPARE_SOCKETS.min, maxConnections * SPARE_SOCKETS.share));
}
