import { startRedis, type TestRedis } from "@docrelay/testkit";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach } from "vitest";
import {
  accept,
  askDigest,
  begin,
  conversationAddress,
  newNonce,
  newOwner,
  take,
  type AcceptInput,
  type Accepted,
  type ConversationAddress,
  type Store,
  type TakenAsk,
} from "../src/index.ts";

/** A real Redis for a test file, which is empty before each test, and a conversation of its own user. */
export interface Fixture {
  readonly server: TestRedis;
  readonly store: Store;
  readonly user: string;
  readonly at: ConversationAddress;
  connect(): Redis;
  /** Accepts an ask with a body made of its id. */
  ask(id: string, more?: Partial<AcceptInput>, store?: Store): Promise<Accepted>;
  /**
   * Takes the ask at the head of the mailbox, even from another worker, which then counts as gone. Throws if there is
   * no ask.
   */
  taken(owner?: string): Promise<{ ask: TakenAsk; owner: string }>;
  /** Takes the ask at the head of the mailbox, and begins an attempt. */
  begun(): Promise<{ ask: TakenAsk; owner: string; attempt: number }>;
}

export const CONVERSATION = "talk";

export function useChannel(settings: Partial<Store> = {}): Fixture {
  let server: TestRedis | undefined;
  let store: Store | undefined;
  const clients: Redis[] = [];
  const connect = (): Redis => {
    if (!server) throw new Error("the Redis of this file has not started");
    const client = new Redis(server.url, { maxRetriesPerRequest: null });
    client.on("error", () => undefined);
    clients.push(client);
    return client;
  };

  beforeAll(async () => {
    server = await startRedis();
    store = { redis: connect(), retentionMs: 60_000, askDeadlineMs: 30_000, ...settings };
  });
  beforeEach(async () => {
    await store?.redis.flushall();
  });
  afterAll(async () => {
    for (const client of clients) client.disconnect();
    await server?.stop();
  });

  const user = "someone";
  const fixture: Fixture = {
    get server() {
      if (!server) throw new Error("the Redis of this file has not started");
      return server;
    },
    get store() {
      if (!store) throw new Error("the Redis of this file has not started");
      return store;
    },
    user,
    at: conversationAddress(user, CONVERSATION),
    connect,
    ask(id, more = {}, to = fixture.store) {
      const message = more.body?.message ?? `question ${id}`;
      const conversation = more.conversation ?? CONVERSATION;
      return accept(to, {
        user,
        conversation,
        id,
        body: { message, files: [], origin: "socket" },
        digest: askDigest("secret", { conversation, message, files: [] }),
        trace: `trace-${id}`,
        nonce: newNonce(),
        maxInFlight: 100,
        ...more,
      });
    },
    async taken(owner = newOwner()) {
      const free = await take(fixture.store, fixture.at, owner);
      const taken = free.kind === "held" ? await take(fixture.store, fixture.at, owner, { voided: free.owner }) : free;
      if (taken.kind !== "taken") throw new Error(`nothing to take: ${taken.kind}`);
      return { ask: taken.ask, owner };
    },
    async begun() {
      const { ask, owner } = await fixture.taken();
      const begun = await begin(fixture.store, ask, owner, 99);
      if (begun.kind !== "begun") throw new Error(`did not begin: ${begun.kind}`);
      return { ask, owner, attempt: begun.attempt };
    },
  };
  return fixture;
}
