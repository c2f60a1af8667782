import {
  accept,
  append,
  askDigest,
  begin,
  cancel,
  channelOf,
  conversationAddress,
  createFanOut,
  finish,
  newNonce,
  newOwner,
  take,
  type ConversationAddress,
  type Store,
  type TakenAsk,
} from "@docrelay/channel";
import { createLogger } from "@docrelay/platform";
import { refuse, type EventBody, type Terminal } from "@docrelay/protocol";
import { eventually, startRedis, type TestRedis } from "@docrelay/testkit";
import { Redis } from "ioredis";
import { once } from "node:events";
import { createServer } from "node:http";
import { BlockList, type AddressInfo } from "node:net";
import { afterEach } from "vitest";
import { WebSocket } from "ws";
import { createArriving } from "../src/limits/arriving.ts";
import { createAdmit } from "../src/limits/admission.ts";
import { shutDownAll } from "../src/drain.ts";
import { createPace } from "../src/limits/pace.ts";
import { createRateLimiter } from "../src/limits/rate-limit.ts";
import type { AcceptAsk, AskInput } from "../src/asks/accept-ask.ts";
import { createAnonymousAuthenticator, type Authenticator } from "../src/auth/authenticator.ts";
import { createConnections } from "../src/limits/connections.ts";
import { createEdgeMetrics } from "../src/report/metrics.ts";
import { createPlainEndpoint, type PlainDeps, type PlainEndpoint } from "../src/plain/endpoint.ts";
import { createOpenConversation } from "../src/conversation/open-conversation.ts";
import { createOpenQueue } from "../src/conversation/open-queue.ts";

/** A plain socket, as a front end of the original system opens it, with the frames that it has received. */
export interface Ear {
  readonly ws: WebSocket;
  readonly frames: Array<Record<string, unknown>>;
  readonly raw: string[];
  /** Returns the close code; undefined while the socket is open. */
  closedWith(): number | undefined;
  say(frame: unknown): void;
  next(count?: number): Promise<Array<Record<string, unknown>>>;
}

/**
 * The plain endpoint on a real Redis. Tests do the work of a worker with functions of the package `channel`.
 * `lostAnswers`: how many asks are accepted although the endpoint gets an error, as if Redis had timed out.
 */
export interface Plain extends AsyncDisposable {
  readonly redis: TestRedis;
  readonly store: Store;
  readonly endpoint: PlainEndpoint;
  readonly authenticator: Authenticator;
  readonly asks: AskInput[];
  readonly logged: string[];
  readonly url: string;
  /** Refuses new connections and closes the open ones. */
  drain(): Promise<void>;
  metrics(): Promise<string>;
  /**
   * Ends the subscription to a conversation without the endpoint's knowledge, so that published events no longer
   * arrive.
   */
  deafen(at: ConversationAddress): Promise<void>;
  connect(options?: { protocols?: string[]; origin?: string }): Promise<Ear>;
  /** Requests a WebSocket upgrade that must be refused. Resolves to the HTTP response. */
  refusal(options?: { protocols?: string[]; origin?: string }): Promise<{ status: number; body: string }>;
  /** Takes the `index`-th ask that the endpoint has accepted; it must be at the head of its conversation's mailbox. */
  taken(index: number): Promise<Turn>;
}

export interface Turn {
  readonly ask: TakenAsk;
  readonly at: ConversationAddress;
  /** Begins an attempt and returns its number. With `anew`, another worker takes the ask over first. */
  begin(anew?: "anew"): Promise<number>;
  write(attempt: number, n: number, body: EventBody): Promise<void>;
  finish(body: EventBody<Terminal>): Promise<void>;
}

export const done = (text: string, frame?: string): EventBody<"completed"> => ({
  type: "completed",
  text,
  timings: { queuedMs: 0, extractMs: 0, firstTokenMs: 0, totalMs: 0 },
  ...(frame === undefined ? {} : { frame }),
});

export async function startPlain(
  of: Partial<PlainDeps> & { maxPerUser?: number; lostAnswers?: number } = {},
): Promise<Plain> {
  const redis = await startRedis();
  const clients: Redis[] = [];
  const client = (): Redis => {
    const one = new Redis(redis.url, { maxRetriesPerRequest: null });
    one.on("error", () => undefined);
    clients.push(one);
    return one;
  };
  const store: Store = { redis: client(), retentionMs: 60_000, askDeadlineMs: 30_000 };
  const subscriber = client();
  const asks: AskInput[] = [];
  const logged: string[] = [];
  let lost = 0;
  let draining = false;
  const acceptAsk: AcceptAsk = async (input) => {
    const { user, conversation, id, message, files, origin, uniqueId } = input;
    const known = asks.findIndex((ask) => ask.id === id);
    if (known < 0) asks.push(input);
    const stored = files.map((file, index) => {
      const bytes = "bytes" in file ? file.bytes : new Uint8Array();
      return { name: "name" in file ? file.name : "", size: bytes.length, sha256: `${index}`, text: "t", ref: "r" };
    });
    const accepted = await accept(store, {
      user,
      conversation,
      id,
      body: { message, files: stored, origin, ...(uniqueId === undefined ? {} : { uniqueId }) },
      digest: askDigest("secret", { conversation, message, files: stored }),
      trace: "trace",
      nonce: newNonce(),
      maxInFlight: 4,
    });
    if (accepted.kind !== "accepted") throw refuse("BUSY");
    // The ask is stored, but the endpoint gets an error, as if Redis had not replied: the outcome is unknown to the
    // endpoint.
    if (lost++ < (of.lostAnswers ?? 0)) throw new Error("Command timed out");
    return accepted;
  };
  const authenticator = createAnonymousAuthenticator({ secrets: () => [Buffer.alloc(32, 1)], ttlMs: 60_000 });
  const connections = createConnections({
    redis: store.redis,
    node: "node",
    max: of.maxPerUser ?? 50,
    onError: () => undefined,
  });
  const metrics = createEdgeMetrics(() => ({
    socketio: 0,
    plain: 0,
    http: 0,
    unstoredBytes: 0,
    uploads: 0,
    opensWaiting: 0,
    workersHeard: 1,
    redisEvictedKeys: 0,
    redisLosses: 0,
    asksLost: 0,
    bufferedBytes: 0,
    largestBuffer: 0,
  }));
  const openQueue = createOpenQueue({
    maxBytes: 33_554_432,
    atOnce: 64,
    maxPerUser: 100,
    maxWaiting: 1000,
    waitMs: 5000,
  });
  const endpoint = createPlainEndpoint({
    fanOut: createFanOut(subscriber),
    openConversation: createOpenConversation({ store, openQueue }),
    acceptAsk,
    cancelAsk: async (user, conversation, ask) =>
      void (await cancel(store, { user, conversation, id: ask, nonce: newNonce() })),
    authenticator,
    admit: createAdmit({
      connections,
      connectRate: createRateLimiter({ perSecond: 100, burst: 1000 }),
      maxConnections: 1000,
      groups: [],
      isDraining: () => draining,
      isRevoked: () => false,
    }),
    isDraining: () => draining,
    arriving: createArriving({ maxBytes: 268_435_456, maxNetworkBytes: 67_108_864 }),
    networkOf: () => undefined,
    largeRate: createRateLimiter({ perSecond: 100, burst: 1000 }),
    pace: createPace(0, undefined),
    cookie: undefined,
    sessionRate: undefined,
    trustedProxies: new BlockList(),
    origins: { listed: [], onlyLocal: false },
    limits: { messageChars: 32_000, fileBytes: 26_214_400, filesPerAsk: 8 },
    askDeadlineMs: store.askDeadlineMs,
    maxSocketBufferBytes: 1_048_576,
    pingIntervalMs: 25_000,
    metrics,
    log: createLogger({
      level: "info",
      name: "edge",
      destination: { write: (line: string) => void logged.push(line) },
    }),
    onTrouble: () => undefined,
    ...of,
  });
  const http = createServer();
  http.on("upgrade", (request, socket, head) => endpoint.handleUpgrade(request, socket, head));
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/ws/chat/`;
  const open: WebSocket[] = [];
  const dial = ({ protocols = [], origin }: { protocols?: string[]; origin?: string } = {}): WebSocket => {
    const ws = new WebSocket(url, protocols, { ...(origin === undefined ? {} : { origin }), perMessageDeflate: false });
    ws.on("error", () => undefined);
    open.push(ws);
    return ws;
  };

  return {
    redis,
    store,
    endpoint,
    authenticator,
    asks,
    logged,
    url,
    async drain() {
      draining = true;
      await shutDownAll(endpoint.connections(), 100);
    },
    metrics: async () => metrics.metrics.text(),
    async deafen(at) {
      const heard = async (): Promise<number> =>
        ((await store.redis.call("PUBSUB", "SHARDNUMSUB", channelOf(at))) as [string, number])[1];
      await eventually(async () => (await heard()) === 1);
      await subscriber.sunsubscribe(channelOf(at));
      if ((await heard()) !== 0) throw new Error("still subscribed");
    },
    async connect(options) {
      const ws = dial(options);
      const ear = listenTo(ws);
      await once(ws, "open");
      return ear;
    },
    async refusal(options) {
      const ws = dial(options);
      const [, response] = (await once(ws, "unexpected-response")) as [
        unknown,
        { statusCode: number } & AsyncIterable<Buffer>,
      ];
      let body = "";
      for await (const chunk of response) body += chunk.toString();
      return { status: response.statusCode, body };
    },
    async taken(index) {
      const input = await eventually(() => asks[index], { what: `ask ${index}` });
      const at = conversationAddress(input.user, input.conversation);
      const owner = newOwner();
      const ask = await eventually(
        async () => {
          const taken = await take(store, at, owner);
          return taken.kind === "taken" && taken.ask.id === input.id ? taken.ask : undefined;
        },
        { what: `ask ${index} at the head` },
      );
      let written = { attempt: 0, n: 0 };
      return {
        ask,
        at,
        async begin(anew) {
          const by = anew ? newOwner() : owner;
          // The new owner takes the ask as another worker does after the first worker has died.
          if (anew) await take(store, at, by, { voided: owner });
          const begun = await begin(store, ask, by, 9);
          if (begun.kind !== "begun") throw new Error(begun.kind);
          written = { attempt: begun.attempt, n: 0 };
          return begun.attempt;
        },
        async write(attempt, n, body) {
          const { kind } = await append(store, ask, { attempt, n }, { events: [body], nonce: newNonce() });
          if (kind !== "written") throw new Error(kind);
          written = { attempt, n };
        },
        async finish(body) {
          const { kind } = await finish(store, ask, { ...written, n: written.n + 1 }, { end: body, nonce: newNonce() });
          if (kind !== "finished") throw new Error(kind);
        },
      };
    },
    async [Symbol.asyncDispose]() {
      for (const ws of open) ws.terminate();
      await endpoint[Symbol.asyncDispose]();
      http.closeAllConnections();
      http.close();
      await connections[Symbol.asyncDispose]();
      for (const one of clients) one.disconnect();
      await redis.stop();
    },
  };
}

function listenTo(ws: WebSocket): Ear {
  const frames: Array<Record<string, unknown>> = [];
  const raw: string[] = [];
  let code: number | undefined;
  ws.on("message", (data) => {
    raw.push((data as Buffer).toString());
    frames.push(JSON.parse((data as Buffer).toString()) as Record<string, unknown>);
  });
  ws.on("close", (closed) => (code = closed));
  return {
    ws,
    frames,
    raw,
    closedWith: () => code,
    say: (frame) => ws.send(typeof frame === "string" ? frame : JSON.stringify(frame)),
    async next(count = 1) {
      await eventually(() => frames.length >= count, { what: `${count} frames` });
      return frames;
    },
  };
}

/** Returns a function that registers a resource, which is disposed of after the current test. */
export function useEnding(): (one: AsyncDisposable) => void {
  const started: AsyncDisposable[] = [];
  afterEach(async () => {
    for (const one of started.splice(0)) await one[Symbol.asyncDispose]();
  });
  return (one) => void started.push(one);
}
