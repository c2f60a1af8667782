import {
  append,
  begin,
  conversationAddress,
  finish,
  newNonce,
  newOwner,
  take,
  type Store,
  type TakenAsk,
} from "@docrelay/channel";
import { createLogger } from "@docrelay/platform";
import type { Event, EventBody, Opened, Welcome, WireError } from "@docrelay/protocol";
import { eventually, startRedis, type TestRedis } from "@docrelay/testkit";
import { Redis } from "ioredis";
import { Writable } from "node:stream";
import { io, type Socket } from "socket.io-client";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { createAnonymousAuthenticator } from "../src/auth/authenticator.ts";
import { readConfig } from "../src/config.ts";
import { startEdge, type Edge } from "../src/edge.ts";

export const SECRET = "a session secret of more than 32 bytes";
type Env = Record<string, string>;

/** An acknowledgement of any event, with the fields that tests read. */
export interface Answer {
  readonly ok: boolean;
  readonly error?: WireError;
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly offset?: number;
  readonly done?: boolean;
  readonly chunkBytes?: number;
  readonly expiresAt?: number;
}

export interface Client {
  readonly socket: Socket;
  readonly welcome: Welcome;
  /** The events of conversations that the client has received, in the order of arrival. */
  readonly events: Event[];
  /**
   * The messages that the client has received, each with its name, except `welcome` and the events of conversations. A
   * disconnect is listed, too.
   */
  readonly said: Array<[name: string, payload: unknown]>;
  send(event: string, ...args: unknown[]): Promise<Answer>;
  open(conversation: string, after?: { seq: number; nonce: string }): Promise<Opened & Answer>;
  ask(
    id: string,
    more?: { conversation?: string; message?: string; files?: object[]; replaces?: string },
  ): Promise<Answer>;
}

export interface Fixture {
  readonly server: TestRedis;
  readonly store: Store & { readonly redis: Redis };
  readonly edges: readonly Edge[];
  /** The log lines of all edges. */
  readonly logged: string[];
  start(env?: Env): Promise<Edge>;
  /** Makes a token of a user that is valid for `ttlMs`. */
  token(user?: string, ttlMs?: number): Promise<string>;
  /** Connects as a user; rejects with the `WireError` of a refusal. */
  client(edge?: Edge, user?: string, more?: { token?: string | null; auth?: object }): Promise<Client>;
  /** Answers the ask at the head of a conversation's mailbox with these deltas, as a worker does. */
  answer(conversation: string, deltas: readonly string[], user?: string): Promise<void>;
  /** Reads every key of Redis with its value, as text. */
  dump(): Promise<Map<string, string>>;
}

export const CONVERSATION = "talk";
export const USER = "someone";

/** Starts a Redis and `count` real edges in this process, for one test file. The Redis is emptied before each test. */
export function useEdges(of: { count?: number; env?: Env; redis?: { aof?: boolean }; each?: boolean } = {}): Fixture {
  let server: TestRedis | undefined;
  let redis: Redis | undefined;
  const edges: Edge[] = [];
  const clients: Socket[] = [];
  const logged: string[] = [];
  const there = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error("the fixture has not started");
    return value;
  };
  const destination = new Writable({
    write(line: Buffer, _encoding, done) {
      logged.push(line.toString());
      done();
    },
  });
  const stopAll = async (): Promise<void> => void (await Promise.all(edges.splice(0).map((edge) => edge.stop())));
  const startAll = async (): Promise<void> => {
    for (let n = 0; n < (of.count ?? 1); n++) await fixture.start();
  };

  beforeAll(async () => {
    server = await startRedis(of.redis ?? {});
    redis = new Redis(server.url, { maxRetriesPerRequest: null });
    redis.on("error", () => undefined);
    if (!of.each) await startAll();
  }, 30_000);
  beforeEach(async () => {
    // The secret of digests is stored again after `flushall`, because running edges keep it in memory. Another test
    // checks what happens when Redis loses this secret.
    const digest = await there(redis).get("secret:digest");
    await there(redis).flushall();
    if (digest !== null) await there(redis).set("secret:digest", digest);
    logged.length = 0;
    if (of.each) await startAll();
  });
  afterEach(async () => {
    for (const socket of clients.splice(0)) socket.disconnect();
    if (of.each) await stopAll();
  });
  afterAll(async () => {
    await stopAll();
    redis?.disconnect();
    await server?.stop();
  });

  const fixture: Fixture = {
    get server() {
      return there(server);
    },
    get store() {
      return { redis: there(redis), retentionMs: 86_400_000, askDeadlineMs: 300_000 };
    },
    edges,
    logged,
    async start(env = {}) {
      const parsed = readConfig({
        REDIS_URL: there(server).url,
        AUTH_MODE: "anonymous",
        SESSION_SECRET: SECRET,
        PORT: "0",
        DRAIN_DELAY_MS: "0",
        ASKS_PER_SECOND: "1000",
        MAX_ASKS_IN_FLIGHT: "100",
        ...of.env,
        ...env,
      });
      if (!parsed.ok) throw new Error(parsed.problems.join("; "));
      const edge = await startEdge(parsed.config, createLogger({ level: "debug", name: "edge", destination }));
      edges.push(edge);
      return edge;
    },
    async token(user = USER, ttlMs = 600_000) {
      const secrets = (): Uint8Array[] => [Buffer.from(SECRET)];
      return (await createAnonymousAuthenticator({ secrets, ttlMs }).issue(user)).token;
    },
    async client(edge = there(edges[0]), user = USER, more = {}) {
      const token = more.token === undefined ? await fixture.token(user) : more.token;
      const auth = more.auth ?? { token, protocol: 1 };
      const socket = io(`http://127.0.0.1:${edge.port}`, {
        transports: ["websocket"],
        reconnection: false,
        forceNew: true,
        auth,
      });
      clients.push(socket);
      const events: Event[] = [];
      const said: Array<[string, unknown]> = [];
      socket.on("disconnect", (reason) => said.push(["disconnect", reason]));
      const welcome = await new Promise<Welcome>((resolve, reject) => {
        socket.once("welcome", resolve);
        socket.once("connect_error", (error: Error & { data?: WireError }) => reject(error.data ?? error));
        socket.onAny((name: string, payload: unknown) => {
          if (name === "event") events.push(payload as Event);
          else if (name !== "welcome") said.push([name, payload]);
        });
      });
      const send = async (event: string, ...args: unknown[]): Promise<Answer> =>
        (await socket.timeout(15_000).emitWithAck(event, ...args)) as Answer;
      return {
        socket,
        welcome,
        events,
        said,
        send,
        open: async (conversation, after) =>
          (await send("conversation:open", after ? { conversation, after } : { conversation })) as Opened & Answer,
        ask: (id, { conversation = CONVERSATION, message = `question ${id}`, ...more } = {}) =>
          send("ask", { id, conversation, message, ...more }),
      };
    },
    answer: (conversation, deltas, user = USER) => answerHead(fixture.store, user, conversation, deltas),
    async dump() {
      const all = new Map<string, string>();
      for await (const keys of fixture.store.redis.scanStream({ count: 1000 })) {
        for (const key of keys as string[]) all.set(key, await valueOf(fixture.store.redis, key));
      }
      return all;
    },
  };
  return fixture;
}

/** Answers the ask at the head of a conversation's mailbox with these deltas, as a worker does. */
export async function answerHead(
  store: Store,
  user: string,
  conversation: string,
  deltas: readonly string[],
): Promise<void> {
  const answer = await beginHead(store, user, conversation);
  for (const text of deltas) await answer.say(text);
  await answer.complete();
}

interface Head {
  readonly ask: TakenAsk;
  say(text: string): Promise<void>;
  complete(more?: Pick<EventBody<"completed">, "usage">): Promise<void>;
  fail(error: WireError): Promise<void>;
}

/**
 * Takes the ask at the head of a conversation's mailbox and begins an answer to it, as a worker does. The test then
 * writes the deltas one by one.
 */
export async function beginHead(store: Store, user: string, conversation: string): Promise<Head> {
  const owner = newOwner();
  const taken = await take(store, conversationAddress(user, conversation), owner);
  if (taken.kind !== "taken") throw new Error(`nothing to take: ${taken.kind}`);
  const begun = await begin(store, taken.ask, owner, 3);
  if (begun.kind !== "begun") throw new Error(`did not begin: ${begun.kind}`);
  const { ask } = taken;
  const { attempt } = begun;
  let n = 0;
  let text = "";
  await append(store, ask, { attempt, n: ++n }, { events: [{ type: "started", engine: "test" }], nonce: newNonce() });
  return {
    ask,
    async say(delta) {
      text += delta;
      await append(store, ask, { attempt, n: ++n }, { events: [{ type: "delta", text: delta }], nonce: newNonce() });
    },
    async complete(more = {}) {
      const timings = { queuedMs: 0, extractMs: 0, firstTokenMs: 0, totalMs: 0 };
      const end = { type: "completed", text, timings, ...more } as const;
      await finish(store, ask, { attempt, n: ++n }, { end, nonce: newNonce() });
    },
    async fail(error) {
      await finish(store, ask, { attempt, n: ++n }, { end: { type: "failed", error }, nonce: newNonce() });
    },
  };
}

async function valueOf(redis: Redis, key: string): Promise<string> {
  const type = await redis.type(key);
  if (type === "string") return String(await redis.get(key));
  if (type === "hash") return JSON.stringify(await redis.hgetall(key));
  if (type === "list") return JSON.stringify(await redis.lrange(key, 0, -1));
  if (type === "set") return JSON.stringify((await redis.smembers(key)).sort());
  if (type === "zset") return JSON.stringify(await redis.zrange(key, "0", "-1"));
  if (type === "stream") return JSON.stringify(await redis.xrange(key, "-", "+"));
  return type;
}

/** Waits until a client has received this many events, and returns them. */
export async function heard(client: Client, count: number): Promise<Event[]> {
  await eventually(() => client.events.length >= count, { what: `${count} events` });
  return client.events;
}

/** Waits until a connection is refused, and returns the `WireError` of the refusal. */
export async function refused(connecting: Promise<Client>): Promise<WireError> {
  return connecting.then(
    () => {
      throw new Error("it was let in");
    },
    (error: unknown) => error as WireError,
  );
}
