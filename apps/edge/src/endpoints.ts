import type { Health, Logger } from "@docrelay/platform";
import type { Server as HttpServer } from "node:http";
import { join } from "node:path";
import type { Server } from "socket.io";
import { createAdmitting, type Admitting } from "./admitting.ts";
import { countedNetworks, type Asking } from "./asking.ts";
import { createGiveFeedback, type GiveFeedback } from "./asks/give-feedback.ts";
import { peerNetworkOf } from "./auth/client-address.ts";
import type { Origins } from "./auth/origin.ts";
import type { Config } from "./config.ts";
import { createUserSockets, type UserSockets } from "./conversation/user-sockets.ts";
import { createHttpApi, type HttpApi } from "./http/api/api.ts";
import { createRoutes } from "./http/api/routes.ts";
import { createOpenAiRoutes } from "./http/openai/routes.ts";
import { createHttpServer } from "./http/server.ts";
import { readStaticSite } from "./http/static-site.ts";
import { createArriving, type Arriving } from "./limits/arriving.ts";
import type { ClientConnection } from "./limits/client-connection.ts";
import { createFreeing } from "./limits/freeing.ts";
import { createPace, type Pace } from "./limits/pace.ts";
import { createRateLimiter } from "./limits/rate-limit.ts";
import { createCookies } from "./login/cookies.ts";
import { createLogin, type Login } from "./login/login.ts";
import { createPlainEndpoint, plainFrameBytes, type PlainEndpoint } from "./plain/endpoint.ts";
import { createEdgeMetrics, type EdgeMetrics, type OpenNow } from "./report/metrics.ts";
import type { Resources } from "./resources.ts";
import { withLinks } from "./sharing/shares.ts";
import { openGateway, type Gateway } from "./socketio/gateway.ts";
import { createSocketServer } from "./socketio/server.ts";
import { readSocketBuffers } from "./socketio/socket-buffers.ts";
import { upgradeTo } from "./socketio/upgrade.ts";

/** The public port, which leads to both WebSocket endpoints and the HTTP API; `http` does not listen yet. */
export interface Endpoints {
  readonly http: HttpServer;
  readonly metrics: EdgeMetrics;
  readonly hasPolling: boolean;
  /** Returns the client connections that are open now, of any kind. */
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
/** How often one user may give feedback on one edge. */
const FEEDBACK_RATE = { perSecond: 1, burst: 20 };
/**
 * How many TCP connections are allowed beyond `MAX_CONNECTIONS`: `min`, or if that is more, `share` of
 * `MAX_CONNECTIONS`. They are for pages, health checks, and connections that have sent no request yet.
 */
const SPARE_SOCKETS = { min: 64, share: 0.1 };
/**
 * How many TCP connections a network may have for each connection that its users may have. Browsers open up to six for a
 * page, beside the WebSocket, and keep them for `HTTP_KEEP_ALIVE_MS`.
 */
const SOCKETS_PER_CONNECTION = 8;

/**
 * The most bytes of incomplete messages of all connections together: `bytes`, or if that is more, the size of `frames`
 * largest frames of `/ws/chat`.
 */
const ARRIVING = { bytes: 67_108_864, frames: 2 };
/**
 * The most bytes of incomplete messages of the connections of one network together, in the form of {@link ARRIVING};
 * unused if `USERS_PER_ADDRESS` is 0.
 */
const ARRIVING_OF_NETWORK = { bytes: 33_554_432, frames: 1 };
const EXPIRE_MS = 2000;
/**
 * How many large frames one user may send to `/ws/chat` of one edge. If `USERS_PER_ADDRESS` is n > 0, networks are
 * limited in place of users: one network may send n times as many.
 */
const LARGE_RATE = { perSecond: 1, burst: 10 };

/** Builds the endpoints and adds their closing to the lifecycle. */
export function openEndpoints(deps: EndpointsDeps): Endpoints {
  const { config, log, resources, health } = deps;
  const { life, redis, subscriber } = resources;
  const hasPolling = config.TRANSPORTS === "websocket,polling";
  const admitting = createAdmitting(config, resources, () => health.draining);
  const arriving = openArriving(config, life);
  const pace = createPace(config.USERS_PER_ADDRESS, countedNetworks(resources));
  const { io, engine } = createSocketServer({
    arriving,
    pace,
    networkOf: admitting.networkOf,
    closed: (code) => metrics.closed(code),
    publisher: redis,
    subscriber,
    sealing: resources.store.sealing,
    maxInlineBytes: config.MAX_INLINE_BYTES,
    pingIntervalMs: config.PING_INTERVAL_MS,
    transports: hasPolling ? ["polling", "websocket"] : ["websocket"],
  });
  life.add("socket server", () => io.close());

  const metrics = openMetrics(deps, () => ({
    socketio: engine.clientsCount,
    plain: plain.count,
    http: api.count,
    ...readSocketBuffers(io),
  }));
  const users = openUsers(deps, metrics);
  const gateway = openSocketGateway(deps, { io, admitting, users, pace, metrics });
  const plain = openPlain(deps, { admitting, arriving, pace, metrics });
  life.add("plain endpoint", () => plain[Symbol.asyncDispose]());
  const api = openApi(deps, { admitting, users, pace, metrics });

  const { origins, sessionRate } = admitting;
  const http = createHttpServer({
    api,
    site: readStaticSite(PAGE, { frameAncestors: config.FRAME_ANCESTORS }),
    health,
    authenticator: resources.authenticator,
    login: openLogin(config, resources, origins),
    origins,
    trustedProxies: config.TRUSTED_PROXIES,
    sessionRate,
    pauseOfRefusal(request) {
      const network = admitting.networkOf(request);
      return network === undefined ? 0 : pace.refused(network);
    },
    polling: hasPolling ? (request, response) => engine.handleRequest(request, response) : undefined,
    keepAliveMs: config.HTTP_KEEP_ALIVE_MS,
    maxSockets: maxSocketsOf(config.MAX_CONNECTIONS),
    socketsOfNetwork: {
      most: SOCKETS_PER_CONNECTION * config.MAX_CONNECTIONS_PER_USER * config.USERS_PER_ADDRESS,
      networkOf: peerNetworkOf(config),
      onRefused: () => metrics.closed("SOCKETS"),
    },
    upgrades: { socketIo: upgradeTo(engine), plain: plain.handleUpgrade },
    onBug: (error) => log.error({ err: error }, "bug"),
  });
  const all = (): ClientConnection[] => [...gateway.connections(), ...plain.connections(), ...api.connections()];
  resources.revocations.onChange(() => {
    for (const one of all()) if (resources.revocations.isRevoked(one.identity)) one.revoked();
  });
  return { http, metrics, hasPolling, connections: all };
}

/**
 * Bounds the bytes of all connections' incomplete messages, and ends connections whose message does not arrive in time.
 */
function openArriving(config: Config, life: Resources["life"]): Arriving {
  const maxOf = ({ bytes, frames }: typeof ARRIVING): number =>
    Math.max(bytes, frames * plainFrameBytes(config.MAX_FILE_BYTES));
  const arriving = createArriving({
    maxBytes: maxOf(ARRIVING),
    maxNetworkBytes: maxOf(ARRIVING_OF_NETWORK),
    received: createFreeing().received,
  });
  const expiring = setInterval(() => arriving.expire(), EXPIRE_MS);
  life.add("incomplete messages", () => clearInterval(expiring));
  return arriving;
}

type Sockets = Pick<OpenNow, "socketio" | "plain" | "http" | "bufferedBytes" | "largestBuffer">;

function openMetrics({ resources, asking }: EndpointsDeps, sockets: () => Sockets): EdgeMetrics {
  const { uploadQueue, openQueue } = asking;
  const metrics = createEdgeMetrics(() => ({
    ...sockets(),
    unstoredBytes: uploadQueue.unstoredBytes,
    uploads: uploadQueue.uploads,
    opensWaiting: openQueue.waiting,
    workersHeard: resources.roster.workers.length,
    redisEvictedKeys: resources.memoryGate.evicted,
    redisLosses: resources.keptInRedis.losses,
    asksLost: resources.acknowledged.lost,
  }));
  resources.byTenant.tenants.report((tenant, bytes) => metrics.askedByTenant(tenant, bytes));
  resources.subscriber.on("smessageBuffer", () => metrics.heard());
  return metrics;
}

/** Parts that the Socket.IO endpoint and the HTTP API share. */
interface Users {
  readonly userSockets: UserSockets;
  readonly giveFeedback: GiveFeedback;
}

function openUsers({ config, log, resources }: EndpointsDeps, metrics: EdgeMetrics): Users {
  return {
    userSockets: createUserSockets(resources.userHints, resources.onTrouble),
    giveFeedback: createGiveFeedback({
      store: resources.store,
      rate: createRateLimiter(FEEDBACK_RATE),
      metrics,
      log,
      logsWords: config.LOG_FEEDBACK_WORDS === "true",
    }),
  };
}

interface EndpointParts {
  readonly admitting: Admitting;
  readonly pace: Pace;
  readonly metrics: EdgeMetrics;
}

function openSocketGateway(
  { config, log, resources, asking }: EndpointsDeps,
  { io, admitting, users, pace, metrics }: EndpointParts & { readonly io: Server; readonly users: Users },
): Gateway {
  return openGateway({
    io,
    admit: admitting.admit,
    isDraining: admitting.isDraining,
    authenticator: withLinks(resources.authenticator, asking.shares),
    subscriptions: resources.subscriptions,
    userSockets: users.userSockets,
    openConversation: asking.openConversation,
    conversations: asking.conversations,
    shares: asking.shares,
    acceptAsk: asking.acceptAsk,
    cancelAsk: asking.cancelAsk,
    giveFeedback: users.giveFeedback,
    uploads: asking.uploads,
    uploadQueue: asking.uploadQueue,
    uploadWatch: asking.uploadWatch,
    limits: asking.limits,
    node: resources.node,
    maxSocketBufferBytes: config.MAX_SOCKET_BUFFER_BYTES,
    pace,
    metrics,
    log,
    onTrouble: resources.onTrouble,
  });
}

function openPlain(
  { config, log, resources, asking }: EndpointsDeps,
  { admitting, arriving, pace, metrics }: EndpointParts & { readonly arriving: Arriving },
): PlainEndpoint {
  const users = Math.max(1, config.USERS_PER_ADDRESS);
  return createPlainEndpoint({
    admit: admitting.admit,
    isDraining: admitting.isDraining,
    arriving,
    networkOf: admitting.networkOf,
    largeRate: createRateLimiter({ perSecond: LARGE_RATE.perSecond * users, burst: LARGE_RATE.burst * users }),
    pace,
    authenticator: resources.authenticator,
    cookie: config.JWT_COOKIE,
    sessionRate: admitting.sessionRate,
    trustedProxies: config.TRUSTED_PROXIES,
    origins: admitting.origins,
    fanOut: resources.fanOut,
    openConversation: asking.openConversation,
    acceptAsk: asking.acceptAsk,
    cancelAsk: asking.cancelAsk,
    limits: asking.limits,
    askDeadlineMs: config.ASK_DEADLINE_MS,
    maxSocketBufferBytes: config.MAX_SOCKET_BUFFER_BYTES,
    pingIntervalMs: config.PING_INTERVAL_MS,
    metrics,
    log,
    onTrouble: resources.onTrouble,
  });
}

function openApi(
  { config, log, resources, asking }: EndpointsDeps,
  { admitting, users, pace, metrics }: EndpointParts & { readonly users: Users },
): HttpApi {
  const routeDeps = {
    store: resources.store,
    blobs: resources.blobs,
    producer: resources.producer,
    fanOut: resources.fanOut,
    openConversation: asking.openConversation,
    conversations: asking.conversations,
    shares: asking.shares,
    ownFiles: asking.ownFiles,
    ownData: asking.ownData,
    quotas: asking.quotas,
    acceptAsk: asking.acceptAsk,
    cancelAsk: asking.cancelAsk,
    giveFeedback: users.giveFeedback,
    uploads: asking.uploads,
    uploadQueue: asking.uploadQueue,
    pace,
    limits: asking.limits,
    askDeadlineMs: config.ASK_DEADLINE_MS,
    maxSocketBufferBytes: config.MAX_SOCKET_BUFFER_BYTES,
    metrics,
    onTrouble: resources.onTrouble,
  };
  return createHttpApi({
    routes: [...createRoutes(routeDeps), ...createOpenAiRoutes(routeDeps)],
    admit: admitting.admit,
    isDraining: admitting.isDraining,
    authenticator: withLinks(resources.authenticator, asking.shares),
    userSockets: users.userSockets,
    shares: asking.shares,
    sessionRate: admitting.sessionRate,
    trustedProxies: config.TRUSTED_PROXIES,
    origins: admitting.origins,
    metrics,
    log,
    onTrouble: resources.onTrouble,
  });
}

/** Creates the login of the page; undefined unless `AUTH_MODE` is `oidc`. */
function openLogin(
  config: Config,
  { accounts, revocations, onTrouble }: Resources,
  origins: Origins,
): Login | undefined {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_REDIRECT_URL: redirectUrl } = config;
  if (!accounts || !issuer || !clientId || !redirectUrl) return undefined;
  return createLogin({
    issuer,
    clientId,
    clientSecret: config.OIDC_CLIENT_SECRET,
    scope: config.OIDC_SCOPE,
    redirectUrl,
    ttlMs: config.SESSION_TTL_MS,
    origins,
    cookies: createCookies(accounts.secrets, redirectUrl.startsWith("https:")),
    issue: accounts.issue,
    isRevoked: revocations.isRevoked,
    onTrouble,
  });
}

function maxSocketsOf(maxConnections: number): number {
  return Math.ceil(maxConnections + Math.max(SPARE_SOCKETS.min, maxConnections * SPARE_SOCKETS.share));
}
