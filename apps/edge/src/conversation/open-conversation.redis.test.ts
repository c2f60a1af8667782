import {
  append,
  begin,
  conversationAddress,
  newNonce,
  newOwner,
  openLog,
  publishProgress,
  take,
} from "@docrelay/channel";
import { eventSchema, openAckSchema } from "@docrelay/protocol";
import { eventually } from "@docrelay/testkit";
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { CONVERSATION, heard, useEdges, USER } from "../../test/fixture.ts";

const relay = useEdges({ count: 2 });
const at = conversationAddress(USER, CONVERSATION);

/**
 * Starts a proxy to Redis. It delays the commands of connections that subscribe; `ms` is the delay. Other connections
 * are not delayed.
 */
async function startSlowSubscriber(to: number, ms: number): Promise<AsyncDisposable & { port: number }> {
  const server = createServer((client) => {
    const target = connect(to, "127.0.0.1");
    let subscribes = false;
    client.on("data", (bytes) => {
      subscribes ||= bytes.includes("ssubscribe");
      if (subscribes) setTimeout(() => target.write(bytes), ms);
      else target.write(bytes);
    });
    target.pipe(client);
    for (const socket of [client, target]) {
      socket.on("error", () => undefined);
      socket.on("close", () => void (client.destroy(), target.destroy()));
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.asyncDispose]: async () => void server.close() };
}

/** Appends `count` deltas of an ask, and does not end the ask. */
async function appendDeltas(count: number): Promise<void> {
  const owner = newOwner();
  const taken = await take(relay.store, at, owner);
  if (taken.kind !== "taken") throw new Error("nothing to take");
  const begun = await begin(relay.store, taken.ask, owner, 3);
  if (begun.kind !== "begun") throw new Error("did not begin");
  await Promise.all(
    Array.from({ length: count }, (_, index) =>
      append(
        relay.store,
        taken.ask,
        { attempt: 1, n: index + 1 },
        { events: [{ type: "delta", text: `${index}` }], nonce: newNonce() },
      ),
    ),
  );
}

describe("conversation:open", () => {
  it("of a conversation that nobody wrote to is empty", async () => {
    const client = await relay.client();
    expect(await client.open("nobody")).toEqual({ ok: true, events: [], more: false, first: 1, head: null });
  });

  it("hears on another edge what is appended, as the log has it", async () => {
    const asking = await relay.client(relay.edges[0]);
    const reading = await relay.client(relay.edges[1]);
    expect(reading.welcome.node).not.toBe(asking.welcome.node);
    await reading.open(CONVERSATION);
    await asking.ask("one", { message: 'all of "it" \u2028 🚀 []{}' });
    await relay.answer(CONVERSATION, ["Hel", "lo"]);
    const log = await openLog(relay.store, USER, CONVERSATION);
    if (log.kind !== "opened") throw new Error("lost");
    expect(log.events.map(({ type }) => type)).toEqual(["accepted", "started", "delta", "delta", "completed"]);
    for (const client of [asking, reading]) expect(await heard(client, 5)).toEqual(log.events);
    for (const event of reading.events) eventSchema.parse(event);
    expect(openAckSchema.parse(await reading.open(CONVERSATION))).toMatchObject({ events: log.events, head: log.head });
  });

  it("carries progress, which is in no log", async () => {
    const client = await relay.client();
    await client.open(CONVERSATION);
    const progress = { conversation: CONVERSATION, ask: "one", stage: "asking" } as const;
    await publishProgress(relay.store, at, progress);
    await eventually(() => client.said.length > 0);
    expect(client.said).toEqual([["progress", progress]]);
  });

  it("misses nothing of two hundred conversations that are answered while they are opened", async () => {
    await using slow = await startSlowSubscriber(relay.server.port, 20);
    const edge = await relay.start({ REDIS_URL: `redis://127.0.0.1:${slow.port}` });
    const [asking, reading] = [await relay.client(), await relay.client(edge)];
    const talk = async (conversation: string): Promise<void> => {
      await asking.ask(`ask-${conversation}`, { conversation });
      const opening = reading.open(conversation);
      await relay.answer(conversation, ["a", "b", "c", "d", "e"]);
      const { events } = await opening;
      await eventually(() => {
        const live = reading.events.filter((event) => event.conversation === conversation);
        return new Set([...events, ...live].map(({ seq }) => seq)).size === 8;
      });
    };
    for (let round = 0; round < 20; round++) {
      await Promise.all(Array.from({ length: 10 }, (_, n) => talk(`c${round}-${n}`)));
    }
    await edge.stop();
  });

  it("reads on from a position, page by page", async () => {
    const client = await relay.client();
    await client.ask("one");
    await appendDeltas(1299);
    const pages: number[] = [];
    const seqs: number[] = [];
    let after: { seq: number; nonce: string } | undefined;
    for (let more = true; more;) {
      const page = await client.open(CONVERSATION, after);
      pages.push(page.events.length);
      seqs.push(...page.events.map(({ seq }) => seq));
      const last = page.events.at(-1);
      if (last) after = { seq: last.seq, nonce: last.nonce };
      more = page.more;
      expect(page.head?.seq).toBe(1300);
    }
    expect(pages).toEqual([512, 512, 276]);
    expect(seqs).toEqual(Array.from({ length: 1300 }, (_, n) => n + 1));
    expect(await client.open(CONVERSATION, after)).toMatchObject({ events: [], more: false });
  });

  it("is lost from a position that the log does not have, and does not join then", async () => {
    const client = await relay.client();
    const reading = await relay.client(relay.edges[1]);
    await client.ask("one");
    const lost = { ok: false, error: { code: "RESUME_LOST", retryable: true } };
    expect(await reading.open(CONVERSATION, { seq: 1, nonce: "wrong" })).toMatchObject(lost);
    expect(await reading.open(CONVERSATION, { seq: 7, nonce: "beyond" })).toMatchObject(lost);
    await relay.answer(CONVERSATION, ["x"]);
    await heard(client, 4);
    await reading.send("cancel", { conversation: CONVERSATION, ask: "one" });
    expect(reading.events).toEqual([]);
    await relay.store.redis.flushall();
    const [, last] = client.events;
    expect(await reading.open(CONVERSATION, { seq: 2, nonce: last?.nonce ?? "" })).toMatchObject(lost);
  });

  it("takes position 0 for the start", async () => {
    const client = await relay.client();
    await client.ask("one");
    expect(await client.open(CONVERSATION, { seq: 0, nonce: "" })).toMatchObject({ ok: true, events: [{ seq: 1 }] });
  });
});

describe("conversation:close", () => {
  it("ends what is heard, on this socket alone, and may be sent twice", async () => {
    const [closing, staying] = [await relay.client(), await relay.client()];
    for (const client of [closing, staying]) await client.open(CONVERSATION);
    const close = { conversation: CONVERSATION };
    expect(await closing.send("conversation:close", close)).toEqual({ ok: true });
    expect(await closing.send("conversation:close", close)).toEqual({ ok: true });
    await staying.ask("one");
    await relay.answer(CONVERSATION, ["x"]);
    await heard(staying, 4);
    await closing.open("elsewhere");
    expect(closing.events).toEqual([]);
  });

  it("and open again, at once and many times, ends heard", async () => {
    const client = await relay.client();
    const other = await relay.client(relay.edges[1]);
    for (let n = 0; n < 30; n++) {
      void client.send("conversation:close", { conversation: CONVERSATION });
      void client.open(CONVERSATION);
    }
    await client.open(CONVERSATION);
    await other.ask("one");
    expect(await heard(client, 1)).toMatchObject([{ type: "accepted", ask: "one" }]);
  });
});

describe("another user", () => {
  it("hears nothing of a conversation with the same name, and finds nothing in it", async () => {
    const owner = await relay.client();
    const stranger = await relay.client(relay.edges[1], "stranger");
    await owner.ask("one");
    expect(await stranger.open(CONVERSATION)).toMatchObject({ ok: true, events: [], head: null });
    await relay.answer(CONVERSATION, ["secret"]);
    await heard(owner, 4);
    const { seq, nonce } = owner.events[0] ?? { seq: 0, nonce: "" };
    expect(await stranger.open(CONVERSATION, { seq, nonce })).toMatchObject({ error: { code: "RESUME_LOST" } });
    const cancel = await stranger.send("cancel", { conversation: CONVERSATION, ask: "one" });
    expect(cancel).toEqual(await stranger.send("cancel", { conversation: "unknown", ask: "unknown" }));
    expect(cancel).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
    expect(stranger.events).toEqual([]);
  });
});
