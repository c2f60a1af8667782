import { channelOf, conversationAddress } from "@docrelay/channel";
import { eventually } from "@docrelay/testkit";
import { Redis } from "ioredis";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listenBefore } from "../../test/listening-proxy.ts";
import { startCluster, type Cluster } from "../processes/cluster.ts";
import { makePrivateFolder, startPrivate } from "../processes/private-process.ts";
import { openRelaySocket } from "../talkers/relay-socket.ts";
import { cpuPerReply } from "./scale-run.ts";

const READERS = 16;
const ASKS = 2;
const CALL_MS = 10_000;

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({ edges: 0 });
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

/**
 * Connects a reader to an edge, and asks its questions. `got` returns how many messages of the reader's conversation
 * have reached it, `ended` whether its asks have ended.
 */
async function reader(url: string): Promise<{ channel: string; got(): number; ended(): boolean; close(): void }> {
  const response = await fetch(new URL("/v1/session", url), { method: "POST" });
  const { token, user } = (await response.json()) as { token: string; user: string };
  const conversation = randomUUID();
  let got = 0;
  let ends = 0;
  const socket = await openRelaySocket({
    url,
    token,
    timeoutMs: CALL_MS,
    onEvent(name, payload) {
      if (name !== "event" && name !== "progress") return;
      got++;
      if ((payload as { type?: string }).type === "completed") ends++;
    },
    onEnd: () => undefined,
  });
  for (let ask = 0; ask < ASKS; ask++) {
    const ack = await socket.call("ask", { id: randomUUID(), conversation, message: "what is inside?" }, CALL_MS);
    expect(ack).toMatchObject({ ok: true });
  }
  return {
    channel: channelOf(conversationAddress(user, conversation)),
    got: () => got,
    ended: () => ends === ASKS,
    close: () => socket.close(),
  };
}

describe("an edge among others", () => {
  it.each([1, 2, 4, 8])("hears exactly the messages of the conversations open on it, of %i edges", async (edges) => {
    await using ends = new AsyncDisposableStack();
    const folder = ends.use(makePrivateFolder());
    const redis = new Redis(cluster.redisUrl);
    ends.defer(() => redis.disconnect());
    const all = await Promise.all(
      Array.from({ length: edges }, async () => {
        const proxy = ends.use(await listenBefore(Number(new URL(cluster.redisUrl).port)));
        const env = { REDIS_URL: proxy.url, AUTH_MODE: "anonymous", PORT: "0" };
        const edge = ends.use(await startPrivate({ entry: "apps/edge/src/main.ts", env, folder }));
        return { proxy, url: `http://127.0.0.1:${edge.port}` };
      }),
    );
    const readers = await Promise.all(
      Array.from({ length: READERS }, async (_, index) => reader(all[index % edges]?.url ?? "")),
    );
    await eventually(() => readers.every((one) => one.ended()), { what: "every answer" });

    // Redis itself knows one subscriber of each conversation, however many edges there are.
    const channels = readers.map(({ channel }) => channel);
    const subscribers = (await redis.call("PUBSUB", "SHARDNUMSUB", ...channels)) as Array<string | number>;
    expect(subscribers.filter((_, index) => index % 2 === 1).map(Number)).toEqual(channels.map(() => 1));
    // Redis sent each edge exactly the messages for the readers that are connected to this edge, and none of another
    // channel.
    for (const [index, { proxy }] of all.entries()) {
      const here = readers.filter((_, at) => at % edges === index);
      // The proxy also counts messages of the edge's own self-test, and hints that a user has a new conversation: these
      // are left out.
      const heard = [...proxy.messages].filter(([name]) => !/^(docrelay|hint):|self-test/.test(name));
      expect(Object.fromEntries(heard)).toEqual(Object.fromEntries(here.map((one) => [one.channel, one.got()])));
      const sent = heard.map(([, count]) => count).reduce((sum, count) => sum + count, 0);
      const got = here.reduce((sum, one) => sum + one.got(), 0);
      // Each ask has at least four events: accepted, started, a delta and completed.
      expect(got).toBeGreaterThanOrEqual(here.length * ASKS * 4);
      expect(sent / got).toBe(1);
    }
    for (const one of readers) one.close();
  });
});

describe("bare servers", () => {
  it.each(["sharded", "classic"] as const)(
    "carry every event with the %s adapter, and cost something",
    async (adapter) => {
      // `cpuPerReply` throws when an event is missing.
      expect(await cpuPerReply({ adapter, nodes: 2, rate: 50, durationMs: 500 })).toBeGreaterThan(0);
    },
  );
});
