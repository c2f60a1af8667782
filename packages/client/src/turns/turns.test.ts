import { eventually } from "@docrelay/testkit";
import { wireError } from "@docrelay/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { RelayServer } from "../../test/relay-server.ts";
import { connect, memoryStorage, type Conversation, type Relay } from "../index.ts";

let server: RelayServer;
let relay: Relay;
let conversation: Conversation;
beforeEach(async () => {
  server = await RelayServer.start();
  relay = connect({ url: server.url, storage: memoryStorage() });
  conversation = relay.conversation("c");
});
afterEach(async () => {
  relay.close();
  await server[Symbol.asyncDispose]();
});

test("turns are the log's asks with the text of the valid attempt, and of one that is sent", async () => {
  let told = 0;
  conversation.onTurns(() => told++);
  expect(conversation.turns).toEqual([]);
  const first = conversation.ask("first", { id: "a1" });
  expect(conversation.turns).toMatchObject([{ id: "a1", question: "first", state: "sending", text: "" }]);
  await first.accepted;
  server.write("a1", { type: "started", engine: "test" });
  server.write("a1", { type: "delta", text: "lost" });
  server.write("a1", { type: "started", engine: "test" }, 2);
  server.write("a1", { type: "delta", text: "kept" }, 2);
  await eventually(() => conversation.turns[0]?.text === "kept");
  expect(conversation.turns).toMatchObject([{ id: "a1", state: "running", attempt: 2, engine: "test" }]);
  server.complete("a1", "kept whole");
  await first.text();
  expect(conversation.turns).toMatchObject([{ state: "completed", text: "kept whole", timings: { totalMs: 0 } }]);
  expect(told).toBeGreaterThan(5);
});

test("a log that is read tells of its turns once a page, and of what is asked meanwhile", async () => {
  server.page = 100;
  for (let ask = 1; ask <= 30; ask++) {
    server.write(`a${ask}`, { type: "accepted", message: "?", files: [] }, 0);
    server.answer(`a${ask}`, "one two three");
  }
  let told = 0;
  conversation.onTurns(() => {
    told++;
    if (conversation.turns.length > 10 && told < 3) conversation.ask("meanwhile", { id: "own" });
  });
  await conversation.ready;
  expect(conversation.turns.map(({ id }) => id)).toEqual([
    ...Array.from({ length: 30 }, (_, at) => `a${at + 1}`),
    "own",
  ]);
  expect(told).toBeLessThan(10);
});

test("a turn and the list are the same objects until they change", async () => {
  const first = conversation.ask("first", { id: "a1" });
  await first.accepted;
  server.answer("a1", "one");
  await first.text();
  const before = conversation.turns;
  expect(conversation.turns).toBe(before);
  await conversation.ask("second", { id: "a2" }).accepted;
  await eventually(() => conversation.turns[1]?.state === "running");
  expect(conversation.turns).not.toBe(before);
  expect(conversation.turns[0]).toBe(before[0]);
});

test("an ask that replaces another one stands at its place at once, with the earlier versions behind it", async () => {
  for (const id of ["a", "b"]) {
    await conversation.ask(id, { id }).accepted;
    server.answer(id, `answer ${id}`);
  }
  await eventually(() => conversation.turns[1]?.state === "completed");
  const [, b] = conversation.turns;
  const edited = conversation.ask("a, edited", { id: "a2", replaces: "a" });
  expect(conversation.turns).toMatchObject([
    { id: "a2", question: "a, edited", state: "sending", versions: [{ id: "a", text: "answer a", replacedBy: "a2" }] },
    { id: "b" },
  ]);
  expect(conversation.turns[1]).toBe(b);
  await edited.accepted;
  server.answer("a2", "answer a2");
  await edited.text();
  const [a2] = conversation.turns;
  const again = conversation.retry("a2");
  expect(again.ahead).toBe(0);
  await again.accepted;
  server.answer(again.id, "answer a3");
  await again.text();
  await eventually(() => conversation.turns[0]?.text === "answer a3");
  expect(conversation.turns).toMatchObject([
    {
      id: again.id,
      replaces: "a2",
      versions: [
        { id: "a", replacedBy: "a2" },
        { id: "a2", replacedBy: again.id },
      ],
    },
    { id: "b" },
  ]);
  expect(conversation.turns[0]?.versions?.[0]).toBe(a2?.versions?.[0]);
  const before = conversation.turns;
  await conversation.ask("c", { id: "c" }).accepted;
  await eventually(() => conversation.turns[2]?.state === "running");
  expect(conversation.turns[0]).toBe(before[0]);
});

test("a version that the server never had is asked again at the same place", async () => {
  await conversation.ask("a", { id: "a" }).accepted;
  server.answer("a", "answer a");
  await eventually(() => conversation.turns[0]?.state === "completed");
  server.fail("ask", { refuse: wireError("PAYLOAD_TOO_LARGE") });
  await expect(conversation.ask("edited", { id: "a2", replaces: "a" }).accepted).rejects.toThrow();
  expect(conversation.turns).toMatchObject([{ id: "a2", state: "failed", versions: [{ id: "a" }] }]);
  await conversation.retry("a2").accepted;
  expect(server.log.at(-1)).toMatchObject({ type: "accepted", ask: "a2", replaces: "a" });
});

test("a refused ask is a failed turn with the error", async () => {
  server.fail("ask", { refuse: wireError("PAYLOAD_TOO_LARGE", { reason: "message" }) });
  await expect(conversation.ask("?", { id: "a1" }).accepted).rejects.toThrow();
  expect(conversation.turns).toMatchObject([{ id: "a1", state: "failed", error: { code: "PAYLOAD_TOO_LARGE" } }]);
});

test("ready is when the log was told up to its head: an empty one is known to be empty, a long one is whole", async () => {
  await conversation.ready;
  expect(conversation.turns).toEqual([]);
  await conversation.ask("?", { id: "a1" }).accepted;
  server.answer("a1", "one two three four five six seven eight");
  const next = connect({ url: server.url, storage: memoryStorage() });
  try {
    await next.conversation("c").ready;
    expect(next.conversation("c").turns).toMatchObject([{ state: "completed", question: "?" }]);
    let isTold = false;
    next.conversation("c").subscribe({ event: () => undefined, ready: () => (isTold = true) });
    expect(isTold).toBe(true);
  } finally {
    next.close();
  }
});

test("ready fails when the log cannot be read, and when the conversation is closed before", async () => {
  server.fail("conversation:open", { refuse: wireError("FORBIDDEN") });
  await expect(conversation.ready).rejects.toMatchObject({ code: "FORBIDDEN" });
  const other = relay.conversation("d");
  const { ready } = other;
  other.close();
  await expect(ready).rejects.toThrow("closed");
});
