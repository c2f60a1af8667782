import { wireError } from "@docrelay/protocol";
import { eventually } from "@docrelay/testkit";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { RelayServer } from "../../test/relay-server.ts";
import { connect, memoryStorage, type Answer, type AskFile, type Relay, type Storage } from "../index.ts";
import { unreachable } from "../wire/relay-error.ts";
import { createSendQueue } from "./send-queue.ts";
import { createOutbox } from "./outbox.ts";

let server: RelayServer;
let storage: Storage;
let relay: Relay;
const relays: Relay[] = [];

function open(): Relay {
  const made = connect({ url: server.url, storage });
  relays.push(made);
  return made;
}
/** Closes the page's relay and opens a new one over the same storage, as a reload does. */
function reload(): Relay {
  relay.close();
  return (relay = open());
}
const ask = (question: string, id = question): Answer => relay.conversation("c").ask(question, { id });
const states = (of = relay): Array<[string, string]> => of.conversation("c").turns.map(({ id, state }) => [id, state]);
const file = (size: number): { name: string; bytes: Uint8Array } => ({ name: "a.pdf", bytes: new Uint8Array(size) });
function gate(): () => void {
  let open = (): void => undefined;
  server.chunkGate = new Promise((resolve) => (open = resolve));
  return open;
}
async function goneOffline(): Promise<void> {
  await eventually(() => relay.state === "online");
  server.away();
  await eventually(() => relay.state === "offline");
}

beforeEach(async () => {
  server = await RelayServer.start();
  storage = memoryStorage();
  relay = open();
});
afterEach(async () => {
  vi.useRealTimers();
  for (const each of relays.splice(0)) each.close();
  await server[Symbol.asyncDispose]();
});

describe("asks of a conversation", () => {
  test("are sent in the order in which they were made, whatever the server refuses for now", async () => {
    const busy = { refuse: wireError("BUSY", { retryAfterMs: 20 }) };
    server.fail("ask", busy, "lose-ack", { refuse: wireError("RATE_LIMITED") }, busy, "break-after", "break-before");
    server.faults.get("ask")?.splice(1, 1);
    const ids = ["q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8"];
    await Promise.all(ids.map((id) => ask(id).accepted));
    expect(server.accepted).toEqual(ids);
  });
  test("do not overtake one whose file is still uploaded; files of the next ones are uploaded meanwhile", async () => {
    const openGate = gate();
    const first = relay.conversation("c").ask("first", { id: "q1", files: [file(5000)] });
    const second = relay.conversation("c").ask("second", { id: "q2", files: [file(10)] });
    const third = ask("third", "q3");
    await eventually(() => server.count("upload:start") === 2);
    await eventually(() => first.state === "uploading");
    expect([second.ahead, third.state, third.ahead]).toEqual([1, "waiting", 2]);
    expect(server.count("ask")).toBe(0);
    const told: string[] = [];
    third.onState((state, ahead) => told.push(`${state} ${ahead}`));
    openGate();
    await third.accepted;
    expect(server.accepted).toEqual(["q1", "q2", "q3"]);
    for (const id of server.accepted) server.answer(id, "yes");
    expect(await third.text()).toBe("yes");
    expect(told.filter((one) => one.endsWith(" 2"))).toContain("sending 2");
    expect(told.at(-1)).toBe("completed 0");
  });
  test("go on behind one that was refused", async () => {
    server.fail("ask", { refuse: wireError("PAYLOAD_TOO_LARGE") });
    const [first, second] = [ask("q1"), ask("q2")];
    await expect(first.accepted).rejects.toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
    await second.accepted;
    expect(states().map(([id]) => id)).toEqual(["q1", "q2"]);
  });
  test("keep their order over a reload, before those of the new page, and are shown at once", async () => {
    await goneOffline();
    for (const id of ["q1", "q2", "q3"]) ask(id);
    const next = reload();
    const last = ask("q4");
    expect(states(next)).toEqual(["q1", "q2", "q3", "q4"].map((id) => [id, "sending"]));
    server.back();
    await last.accepted;
    expect(server.accepted).toEqual(["q1", "q2", "q3", "q4"]);
  });
  test("take the place of the ask that they replace also when the next page sends them", async () => {
    await ask("q1").accepted;
    await goneOffline();
    relay
      .conversation("c")
      .ask("edited", { id: "q2", replaces: "q1" })
      .accepted.catch(() => undefined);
    const next = reload();
    expect(next.conversation("c").turns).toMatchObject([{ id: "q2", replaces: "q1", state: "sending" }]);
    server.back();
    await eventually(() => server.asks.get("q2")?.replaces === "q1");
  });
  test("are sent by the next page also when it does not show their conversation", async () => {
    await goneOffline();
    ask("q1");
    relay.close();
    server.back();
    open();
    await eventually(() => server.accepted.length === 1);
    await eventually(() => storage.length === 1); // only the session's entry is left
  });
});

test("an upload waits while there is no connection, and says so", async () => {
  const openGate = gate();
  const answer = relay.conversation("c").ask("q1", { id: "q1", files: [file(5000)] });
  await eventually(() => server.count("upload:chunk") > 0);
  expect(answer.state).toBe("uploading");
  const told: string[] = [];
  answer.onState((state) => told.push(state));
  server.away();
  await eventually(() => relay.state === "offline");
  expect([answer.state, told]).toEqual(["waiting", ["waiting"]]);
  server.back();
  await eventually(() => answer.state === "uploading");
  openGate();
  await answer.accepted;
});

describe("an ask whose outcome is not known", () => {
  test("is sent when the link is back, however long that takes, and asking again is the same ask", async () => {
    await goneOffline();
    const answer = ask("q1");
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3 * 3_600_000 });
    expect(answer.state).toBe("waiting");
    expect(relay.conversation("c").retry("q1").id).toBe("q1");
    server.back();
    await answer.accepted;
    expect(server.accepted).toEqual(["q1"]);
  });
  test("is not sent any more when the server may have forgotten its id", async () => {
    await goneOffline();
    const old = ask("q1");
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 25 * 3_600_000 });
    reload();
    server.back();
    await ask("q2").accepted;
    expect(server.accepted).toEqual(["q2"]);
    await expect(old.text()).rejects.toThrow();
  });
  test("that is asked again after a refusal is the same turn", async () => {
    server.fail("ask", { refuse: wireError("PAYLOAD_TOO_LARGE") });
    const conversation = relay.conversation("c");
    await expect(ask("q1").accepted).rejects.toThrow();
    expect(states()).toEqual([["q1", "failed"]]);
    const again = conversation.retry("q1");
    expect(states()).toEqual([["q1", "sending"]]);
    await again.accepted;
    server.answer("q1", "yes");
    expect(await again.result()).toMatchObject({ id: "q1", state: "completed", text: "yes" });
  });
  test("is the same ask only with the same files", async () => {
    await goneOffline();
    const bytes = new Uint8Array([1, 2, 3]);
    const ask = (files: readonly AskFile[], more: object = {}): Promise<unknown> =>
      relay.conversation("c").ask("same", { id: "q1", files, ...more }).accepted;
    const first = ask([{ name: "a.pdf", bytes }, { upload: "u1" }]);
    const same = [
      [{ name: "a.pdf", bytes: new Uint8Array(bytes) }, { upload: "u1" }],
      [{ name: "a.pdf", bytes: new Blob([bytes]) }, { upload: "u1" }],
    ];
    const others = [
      [],
      [{ name: "a.pdf", bytes }],
      [{ name: "b.pdf", bytes }, { upload: "u1" }],
      [{ name: "a.pdf", bytes: new Uint8Array([1, 2, 4]) }, { upload: "u1" }],
      [{ name: "a.pdf", bytes }, { upload: "u2" }],
      [{ name: "a.pdf", bytes, password: "x" }, { upload: "u1" }],
    ];
    for (const files of others) await expect(ask(files)).rejects.toMatchObject({ code: "ASK_CONFLICT" });
    await expect(ask(same[0] ?? [], { replaces: "q0" })).rejects.toMatchObject({ code: "ASK_CONFLICT" });
    server.uploads.set("u1", { size: 0, bytes: Buffer.alloc(0) });
    const again = same.map((files) => ask(files));
    server.back();
    expect(new Set(await Promise.all([first, ...again])).size).toBe(1);
    expect(server.accepted).toEqual(["q1"]);
  });
  test("is one ask for two tabs, and neither loses what the other keeps", async () => {
    await goneOffline();
    ask("q1");
    const other = open();
    other.conversation("c").ask("q2", { id: "q2" });
    ask("q3");
    server.back();
    await eventually(() => server.accepted.length === 3 && storage.length === 1);
    expect(server.accepted.toSorted()).toEqual(["q1", "q2", "q3"]);
  });
});

describe("stopping", () => {
  test("without a connection is done at once, also over a reload: the ask is never sent", async () => {
    await goneOffline();
    const [stopped, other] = [ask("q1"), ask("q2")];
    await stopped.cancel();
    await expect(stopped.accepted).rejects.toThrow("cancelled");
    expect(await stopped.result()).toMatchObject({ state: "cancelled" });
    expect(states()).toEqual([
      ["q1", "cancelled"],
      ["q2", "sending"],
    ]);
    reload();
    relay.conversation("c").onTurns(() => undefined);
    server.back();
    await eventually(() => server.accepted.length === 1);
    expect(server.accepted).toEqual(["q2"]);
    await eventually(() => states().at(-1)?.[1] === "running");
    expect(states()[0]).toEqual(["q1", "cancelled"]);
    await expect(other.text()).rejects.toThrow();
  });
  test.each(["this page", "the next page"])("an ask that the server turns out to have cancels it: %s", async (page) => {
    server.fail("ask", "lose-ack");
    const answer = ask("q1");
    await eventually(() => server.accepted.length === 1);
    server.away();
    await eventually(() => relay.state === "offline");
    relay.conversation("c").close();
    const stopping = relay.conversation("c").cancel("q1");
    if (page === "the next page") reload();
    server.back();
    await eventually(() => server.log.at(-1)?.type === "cancelled");
    await stopping;
    await relay.conversation("c").ready;
    await eventually(() => states()[0]?.[1] === "cancelled" && storage.length === 1);
    await expect(answer.text()).rejects.toThrow();
  });
  test("one of two asks that share an upload ends its own wait at once, and leaves the other", async () => {
    const openGate = gate();
    const a = file(5000);
    const first = relay.conversation("c").ask("first", { id: "q1", files: [a] });
    await eventually(() => server.count("upload:chunk") > 0);
    const second = relay.conversation("c").ask("second", { id: "q2", files: [a] });
    await second.cancel();
    expect(states()).toEqual([
      ["q1", "sending"],
      ["q2", "cancelled"],
    ]);
    await expect(second.text()).rejects.toThrow("cancelled");
    openGate();
    await first.accepted;
    expect(server.accepted).toEqual(["q1"]);
  });
  test("in one tab holds for the other, which has the ask in its send queue", async () => {
    await goneOffline();
    ask("q1");
    const other = open();
    expect(states(other)).toEqual([["q1", "sending"]]);
    await relay.conversation("c").cancel("q1");
    server.back();
    await other.conversation("c").ask("q2", { id: "q2" }).accepted;
    expect(server.accepted).toEqual(["q2"]);
    expect(states(other)[0]).toEqual(["q1", "cancelled"]);
  });
});

describe("an answer", () => {
  test("of any ask in the log can be had, and tells how it ended", async () => {
    await ask("q1").accepted;
    server.write("q1", { type: "started", engine: "test" });
    const next = connect({ url: server.url, storage: memoryStorage() });
    relays.push(next);
    const conversation = next.conversation("c");
    await conversation.ready;
    expect(conversation.answer("none")).toBeUndefined();
    const answer = conversation.answer("q1");
    expect(answer?.state).toBe("answering");
    expect(await answer?.accepted).toEqual({ seq: 1, duplicate: true });
    await answer?.cancel();
    expect(await answer?.result()).toMatchObject({ id: "q1", state: "cancelled" });
    expect(server.count("ask")).toBe(1);
  });
  test("that was detached is not cancelled, also not by its signal", async () => {
    const stop = new AbortController();
    const answer = relay.conversation("c").ask("q1", { id: "q1", signal: stop.signal });
    await answer.accepted;
    const text = answer.text();
    answer.detach();
    stop.abort();
    await expect(text).rejects.toThrow("detached");
    server.answer("q1", "yes");
    expect(await relay.conversation("c").answer("q1")?.text()).toBe("yes");
    expect(server.count("cancel")).toBe(0);
  });
  test("that is over can be asked for again as a new ask, with the same files", async () => {
    const conversation = relay.conversation("c");
    const first = conversation.ask("q1", { id: "q1", files: [file(10)] });
    await first.accepted;
    server.answer("q1", "yes");
    await first.text();
    const again = conversation.retry("q1");
    await again.accepted;
    expect(again.id).not.toBe("q1");
    expect(server.asks.get(again.id)).toMatchObject({ message: "q1", files: server.asks.get("q1")?.files });
    expect(server.count("upload:start")).toBe(1);
    expect(() => conversation.retry("none")).toThrow("no ask");
  });
});

test("a closed conversation is opened again by asking, and shows what is on its way", async () => {
  const conversation = relay.conversation("c");
  await ask("q1").accepted;
  server.answer("q1", "one");
  await eventually(() => states()[0]?.[1] === "completed");
  conversation.close();
  const answer = conversation.ask("q2", { id: "q2" });
  expect(conversation.turns.map(({ id }) => id)).toEqual(["q2"]);
  await answer.accepted;
  server.answer("q2", "two");
  expect(await answer.text()).toBe("two");
  expect(conversation.turns.map(({ id }) => id)).toEqual(["q1", "q2"]);
  conversation.close();
  expect(relay.conversation("c") === conversation).toBe(false);
  expect(() => conversation.ask("q3")).toThrow("another object");
});

test("a conversation that is closed while an ask is on its way is opened again as the same object", async () => {
  await goneOffline();
  const conversation = relay.conversation("c");
  ask("q1");
  conversation.close();
  expect(relay.conversation("c")).toBe(conversation);
  conversation.onTurns(() => undefined);
  expect(states()).toEqual([["q1", "sending"]]);
  server.back();
  await eventually(() => states()[0]?.[1] === "running");
});

test("half a character at the end of a question is sent as text", async () => {
  await ask("a\ud83d", "q1").accepted;
  expect(server.asks.get("q1")?.message).toBe("a\ufffd");
});

test("an ask whose upload has given up a server that is away goes on when it is back", async () => {
  let tries = 0;
  const sendQueue = createSendQueue({
    conversation: "c",
    outbox: createOutbox(storage, server.url, { user: "" }),
    upload: async () => (tries++ === 0 ? Promise.reject(unreachable()) : "u1"),
    forget: () => false,
    async send({ files }) {
      expect(files).toMatchObject([{ upload: "u1" }]);
      return { seq: 1, duplicate: false };
    },
    cancel: async () => undefined,
    isClosed: () => false,
    isOnline: () => true,
    change: () => undefined,
    before: () => undefined,
    onEmpty: () => undefined,
  });
  const draft = { id: "q1", message: "q1", files: [file(10)], at: Date.now() };
  expect(await sendQueue.add(draft)).toEqual({ seq: 1, duplicate: false });
});
