import { eventually } from "@docrelay/testkit";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { describe, expect, it } from "vitest";
import { CONVERSATION, heard, useEdges, type Answer } from "../../test/fixture.ts";

const relay = useEdges({ count: 2, each: true, redis: { aof: true } });
const ready = async (n: number): Promise<number> =>
  (await fetch(`http://127.0.0.1:${relay.edges[n]?.port}/readyz`)).status;
const away = { ok: false, error: { code: "STORE_UNAVAILABLE", retryable: true } };
/**
 * If Redis is unavailable, clients get the error within this time (G15 in docs/SPEC.md). Edges and clients share one
 * event loop here, so the longest delay of that loop is added to the bound.
 */
const MAX_MS = 1000;

describe("Redis that is silent", () => {
  it("is said to be away in time, whatever was asked, and works again afterwards", async () => {
    const client = await relay.client();
    await client.ask("before");
    await relay.server.pause();
    const loop = monitorEventLoopDelay({ resolution: 5 });
    loop.enable();
    try {
      const begun = performance.now();
      const took: number[] = [];
      const timed = async (answer: Promise<Answer>): Promise<Answer> =>
        answer.finally(() => took.push(performance.now() - begun));
      const answers = await Promise.all([
        timed(client.ask("during")),
        timed(client.ask("elsewhere", { conversation: "new" })),
        timed(client.open(CONVERSATION)),
        timed(client.open("another")),
        timed(client.send("cancel", { conversation: CONVERSATION, ask: "before" })),
        timed(client.send("upload:start", { upload: "u", name: "a.pdf", type: "", size: 10 })),
        timed(client.send("upload:chunk", { upload: "u", offset: 0, bytes: Buffer.from("%PDF-") })),
      ]);
      for (const answer of answers) expect(answer).toMatchObject(away);
      loop.disable();
      expect(Math.max(...took)).toBeLessThan(MAX_MS + loop.max / 1e6);
      expect(await client.send("conversation:close", { conversation: "another" })).toEqual({ ok: true });
      // A new connection is welcomed, although connections cannot be counted without Redis.
      expect((await relay.client(relay.edges[1], "stranger")).welcome.user).toBe("stranger");
      expect(await ready(0)).toBe(503);
      expect(client.socket.connected).toBe(true);
    } finally {
      await relay.server.resume();
    }
    await eventually(async () => (await client.ask("during")).ok, { what: "an ask after the silence" });
    await eventually(async () => (await ready(0)) === 200);
    const { events } = await client.open(CONVERSATION);
    expect(events.filter(({ ask, type }) => ask === "during" && type === "accepted")).toHaveLength(1);
    expect(relay.logged.join("")).not.toMatch(/"level":"(error|fatal)"/);
  });
});

describe("Redis that restarts", () => {
  it("is noticed: clients are told to look, and everything goes on without another word", async () => {
    const clients = await Promise.all(relay.edges.map((edge) => relay.client(edge)));
    const [one] = clients;
    for (const client of clients) await client.open(CONVERSATION);
    await one?.ask("before");
    await relay.server.kill();
    expect(await one?.ask("during")).toMatchObject(away);
    expect(await ready(0)).toBe(503);
    await relay.server.restart();
    for (const client of clients) {
      // An edge sends one `resync` when it is connected to Redis again, and one when all channels are subscribed again.
      const both = [
        ["resync", {}],
        ["resync", {}],
      ];
      await eventually(() => client.said.filter(([name]) => name === "resync").length === 2, { what: "resync" });
      // A hint `conversations` may have come before, because the conversation is new.
      expect(client.said.filter(([name]) => name !== "conversations")).toEqual(both);
    }
    await eventually(async () => (await ready(0)) === 200 && (await ready(1)) === 200);
    await eventually(async () => (await one?.ask("during"))?.ok);
    for (const client of clients) {
      await eventually(() => client.events.some(({ ask }) => ask === "during"), { what: "an event after the restart" });
      expect((await client.open(CONVERSATION)).events.map(({ ask }) => ask)).toEqual(["before", "during"]);
    }
  });

  it("without what it knew keeps the sessions that are out there", async () => {
    const edges = [await relay.start({ SESSION_SECRET: "" }), await relay.start({ SESSION_SECRET: "" })];
    const answer = await fetch(`http://127.0.0.1:${edges[0]?.port}/v1/session`, { method: "POST" });
    const { token, user } = (await answer.json()) as { token: string; user: string };
    const client = await relay.client(edges[0], user, { token });
    await client.ask("before");
    await relay.store.redis.flushall();
    await relay.server.kill();
    await relay.server.restart();
    await eventually(() => client.said.some(([name]) => name === "resync"), { what: "resync" });
    for (const edge of edges) {
      const again = await eventually(() => relay.client(edge, user, { token }), { what: "the old session" });
      const id = `after-${edge.node}`;
      await eventually(async () => (await again.ask(id)).ok, { what: "an ask after the loss" });
      expect(await heard(again, 1)).toMatchObject([{ ask: id }]);
    }
    expect(await client.open(CONVERSATION, { seq: 1, nonce: "lost" })).toMatchObject({
      error: { code: "RESUME_LOST" },
    });
  });
});
