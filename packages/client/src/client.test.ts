import { eventually } from "@docrelay/testkit";
import { wireError } from "@docrelay/protocol";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { RelayServer } from "../test/relay-server.ts";
import { connect, memoryStorage, RelayError, type Event, type Relay, type RelayState, type Storage } from "./index.ts";

let server: RelayServer;
let relay: Relay;
let storage: Storage;
let states: RelayState[];
const relays: Relay[] = [];

function open(options: Partial<Parameters<typeof connect>[0]> = {}): Relay {
  const made = connect({ url: server.url, storage, onState: (state) => states.push(state), ...options });
  relays.push(made);
  return made;
}
beforeEach(async () => {
  server = await RelayServer.start();
  storage = memoryStorage();
  states = [];
  relay = open();
});
afterEach(async () => {
  for (const each of relays.splice(0)) each.close();
  await server[Symbol.asyncDispose]();
});

/** The asks that the storage holds, each as its JSON. */
function kept(): Array<string | null> {
  const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index) ?? "");
  return keys.filter((key) => key.startsWith("docrelay:ask:")).map((key) => storage.getItem(key));
}
/** Waits until the server has the ask. */
async function arrived(id: string): Promise<void> {
  await eventually(() => server.asks.has(id));
}

describe("an answer", () => {
  test("is whole once, over events lost, repeated and overtaken", async () => {
    const conversation = relay.conversation("c");
    const shown: Event[] = [];
    conversation.subscribe({ event: (event) => shown.push(event) });
    const answer = conversation.ask("?", { id: "a1" });
    await answer.accepted;
    server.silent = true;
    server.answer("a1", "one two three four five six seven");
    const [, started, first, second] = server.log;
    for (const event of [started, second, first, first, started, server.log.at(-1)]) if (event) server.publish(event);
    expect(await answer.text()).toBe("one two three four five six seven");
    expect(shown).toEqual(server.log);
  });
  test("asks for the next page of its log before the application hears of this one", async () => {
    const send = vi.spyOn(WebSocket.prototype, "send");
    const opens = (): number =>
      send.mock.calls.filter(([packet]) => String(packet).includes("conversation:open")).length;
    server.answer("a1", "one two three four five six seven");
    const asked: number[] = [];
    const conversation = relay.conversation("c");
    conversation.subscribe({ event: () => asked.push(opens()) });
    await conversation.ready;
    send.mockRestore();
    expect(asked.slice(0, server.page)).toEqual(Array.from({ length: server.page }, () => 2));
  });
  test.each([
    ["in the middle of a page", "started"],
    ["at the end of the log", "completed"],
  ])("of a conversation that a listener closes %s is forgotten, and read whole when opened again", async (_, at) => {
    server.answer("a1", "one two three four five six seven");
    const conversation = relay.conversation("c");
    const heard: Event[] = [];
    conversation.subscribe({
      event(event) {
        heard.push(event);
        if (event.type === at) conversation.close();
      },
    });
    await eventually(() => heard.at(-1)?.type === at);
    expect(conversation.turns).toEqual([]);
    const again: Event[] = [];
    conversation.subscribe({ event: (event) => again.push(event) });
    await conversation.ready;
    expect(again).toEqual(server.log);
    expect(heard.at(-1)?.type).toBe(at);
  });
  test("survives an application whose listeners of states and progress throw", async () => {
    const thrown: unknown[] = [];
    const handlers = process.listeners("uncaughtException");
    const note = (error: unknown): void => void thrown.push(error);
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", note);
    let calls = 0;
    const fail = (): never => {
      calls++;
      throw new Error("mine");
    };
    const other = connect({ url: server.url, storage: memoryStorage(), onState: fail });
    const files = [{ name: "a.pdf", bytes: new Uint8Array(10) }];
    const answer = other.conversation("c").ask("?", { id: "a1", files, onProgress: fail });
    await answer.accepted;
    server.answer("a1", "whole");
    expect(await answer.text()).toBe("whole");
    other.close();
    expect(calls).toBeGreaterThan(3);
    await eventually(() => thrown.length === calls);
    process.removeListener("uncaughtException", note);
    for (const handler of handlers) process.on("uncaughtException", handler);
  });
  test("survives a listener that throws, which is told to the process", async () => {
    const thrown: unknown[] = [];
    const handlers = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.once("uncaughtException", (error) => thrown.push(error));
    const conversation = relay.conversation("c");
    conversation.subscribe({
      event(event) {
        if (event.type === "started") throw new Error("mine");
      },
    });
    const answer = conversation.ask("?", { id: "a1" });
    await answer.accepted;
    server.answer("a1", "whole");
    expect(await answer.text()).toBe("whole");
    await eventually(() => thrown.length === 1);
    for (const handler of handlers) process.on("uncaughtException", handler);
  });
});

describe("an unknown outcome", () => {
  test.each(["break-after", "break-before"] as const)(
    "(%s) is resolved by sending the same id again",
    async (fault) => {
      server.fail("ask", fault, fault);
      const answer = relay.conversation("c").ask("?", { id: "a1" });
      const { duplicate } = await answer.accepted;
      expect(duplicate).toBe(fault === "break-after");
      const sent = server.heard.filter(({ event }) => event === "ask").map(({ payload }) => payload);
      expect(sent).toEqual([sent[0], sent[0], sent[0]]);
      expect(server.log.filter(({ type }) => type === "accepted")).toHaveLength(1);
    },
  );
  test("STORE_UNAVAILABLE, BUSY and RATE_LIMITED are tried again, no sooner than asked", async () => {
    server.fail(
      "ask",
      { refuse: wireError("STORE_UNAVAILABLE") },
      { refuse: wireError("BUSY", { retryAfterMs: 300 }) },
      { refuse: wireError("RATE_LIMITED", { retryAfterMs: 400 }) },
    );
    await relay.conversation("c").ask("?", { id: "a1" }).accepted;
    const at = server.heard.filter(({ event }) => event === "ask").map((one) => one.at);
    expect(at).toHaveLength(4);
    expect((at[2] ?? 0) - (at[1] ?? 0)).toBeGreaterThan(290);
    expect((at[3] ?? 0) - (at[2] ?? 0)).toBeGreaterThan(390);
  });
  test("a refusal for good is told at once, and the ask is not kept", async () => {
    server.fail("ask", { refuse: wireError("PAYLOAD_TOO_LARGE", { reason: "message" }) });
    const answer = relay.conversation("c").ask("?", { id: "a1" });
    await expect(answer.accepted).rejects.toMatchObject({ code: "PAYLOAD_TOO_LARGE" });
    await expect(answer.text()).rejects.toBeInstanceOf(RelayError);
    expect(server.count("ask")).toBe(1);
    expect(kept()).toEqual([]);
  });
});

describe("a reload", () => {
  test("sends again what was not acknowledged, and the log shows one ask with its whole answer", async () => {
    server.fail("ask", "lose-ack");
    relay
      .conversation("c")
      .ask("mine?", { id: "a1" })
      .accepted.catch(() => undefined);
    await arrived("a1");
    relay.close();
    const next = open();
    const shown: Event[] = [];
    next.conversation("c").subscribe({ event: (event) => shown.push(event) });
    await eventually(() => server.count("ask") === 2);
    server.answer("a1", "the whole answer");
    await eventually(() => shown.at(-1)?.type === "completed");
    expect(shown).toEqual(server.log);
    expect(shown.filter(({ type }) => type === "accepted")).toHaveLength(1);
    await eventually(() => kept().length === 0);
  });
  test("never keeps a password, nor a nonsense storage", async () => {
    storage.setItem(`docrelay:ask:${server.url}:a0`, `{"not":"an ask"}`);
    server.fail("ask", "lose-ack");
    const files = [{ name: "a.pdf", bytes: new Uint8Array([1]), password: "secret" }];
    relay
      .conversation("c")
      .ask("?", { id: "a1", files })
      .accepted.catch(() => undefined);
    await arrived("a1");
    expect(kept().join()).not.toContain("secret");
  });
});

describe("a log that was rolled back", () => {
  test("is shown anew, and an ask that it lost is sent again", async () => {
    const conversation = relay.conversation("c");
    const shown: Event[] = [];
    let resets = 0;
    conversation.subscribe({
      event: (event) => shown.push(event),
      reset() {
        resets++;
        shown.length = 0;
      },
    });
    await conversation.ask("first", { id: "a0" }).accepted;
    server.answer("a0", "stays");
    await eventually(() => shown.at(-1)?.type === "completed");
    const kept = server.log.length;
    const answer = conversation.ask("second", { id: "a1" });
    await answer.accepted;
    await eventually(() => shown.length === kept + 1);
    server.log = server.log.slice(0, kept);
    server.asks.delete("a1");
    server.io.emit("resync", {});
    await eventually(() => server.asks.has("a1"));
    server.answer("a1", "after all");
    expect(await answer.text()).toBe("after all");
    expect(resets).toBe(1);
    expect(shown).toEqual(server.log);
  });
});

test("an ask that was cancelled before the log lost it is not asked again", async () => {
  const conversation = relay.conversation("c");
  conversation.onTurns(() => undefined);
  const answer = conversation.ask("never mind", { id: "a1" });
  await answer.accepted;
  // The server acknowledges the cancel, but the log is replaced before the client receives the ask's end.
  server.silent = true;
  await answer.cancel();
  server.silent = false;
  server.log = [];
  server.asks.clear();
  server.io.emit("resync", {});
  await expect(answer.text()).rejects.toThrow("cancelled");
  await conversation.ask("next", { id: "a2" }).accepted;
  expect(server.accepted).toEqual(["a2"]);
  expect(conversation.turns.map(({ id, state }) => [id, state])).toEqual([
    ["a1", "cancelled"],
    ["a2", "running"],
  ]);
});

describe("the connection", () => {
  test("comes back when the server says goodbye, also by disconnect()", async () => {
    await eventually(() => relay.state === "online");
    server.sockets[0]?.disconnect(true);
    await eventually(() => states.length === 3);
    expect(states).toEqual(["online", "offline", "online"]);
  });
  test("that is closing with retryAfterMs comes back no sooner", async () => {
    await eventually(() => relay.state === "online");
    const at = performance.now();
    for (const socket of server.sockets) {
      socket.emit("closing", wireError("SHUTTING_DOWN", { retryAfterMs: 700 }));
      socket.conn.close();
    }
    await eventually(() => states.length === 3);
    expect(performance.now() - at).toBeGreaterThan(690);
  });
  test("is tried again while refused for now, and given up when refused for good", async () => {
    await eventually(() => relay.state === "online");
    server.refuseConnect = wireError("TOO_MANY_CONNECTIONS", { retryAfterMs: 50 });
    server.breakAll();
    await eventually(() => server.handshakes.length >= 3);
    server.refuseConnect = undefined;
    await eventually(() => relay.state === "online");
    const answer = relay.conversation("c").ask("?", { id: "a1" });
    await answer.accepted;
    server.refuseConnect = wireError("FORBIDDEN");
    server.breakAll();
    await eventually(() => relay.state === "closed");
    await expect(answer.text()).rejects.toMatchObject({ code: "FORBIDDEN" });
    await expect(relay.conversation("d").ask("?").accepted).rejects.toBeInstanceOf(RelayError);
  });
  test("takes a new session when its token is refused", async () => {
    await eventually(() => relay.state === "online");
    server.refuseConnect = wireError("AUTH_INVALID");
    server.breakAll();
    await eventually(() => server.handshakes.length >= 2);
    server.refuseConnect = undefined;
    await eventually(() => relay.state === "online");
    expect(server.sessions).toBeGreaterThan(1);
    expect(server.handshakes.at(-1)).not.toEqual(server.handshakes[0]);
  });
  test("renews its token before it runs out, over the living connection", async () => {
    server.expiresInMs = 3000;
    const other = open({ storage: memoryStorage() });
    await eventually(() => server.count("auth:refresh") > 0);
    expect(other.state).toBe("online");
    expect(server.heard.find(({ event }) => event === "auth:refresh")?.payload).toEqual({ token: "token-3" });
  });
  test("with an own token asks for a fresh one when it has run out, and the call goes through", async () => {
    let given = 0;
    const own = open({ token: async () => `own-${++given}` });
    await eventually(() => own.state === "online");
    server.fail("ask", { refuse: wireError("AUTH_EXPIRED") });
    await own.conversation("c").ask("?", { id: "a1" }).accepted;
    expect(server.heard.find(({ event }) => event === "auth:refresh")?.payload).toEqual({ token: "own-2" });
    expect(server.count("ask")).toBe(2);
  });
});

describe("a server of another version", () => {
  test("may add events, fields, codes and stages: the answer is whole", async () => {
    const answer = relay.conversation("c").ask("?", { id: "a1" });
    await answer.accepted;
    const told: unknown[] = [];
    relay.conversation("c").subscribe({ event: () => undefined, progress: (progress) => told.push(progress) });
    server.io.emit("progress", { conversation: "c", ask: "a1", stage: "of-a-newer-server" });
    server.io.emit("progress", { conversation: "c", ask: "a1", stage: "queued", position: 2, since: 1 });
    server.write("a1", { type: "rated", stars: 5 } as never);
    server.write("a1", { type: "delta", text: "whole", tokens: 1 } as never);
    server.write("a1", { type: "rated", stars: 4 } as never);
    server.complete("a1", "whole");
    expect(await answer.text()).toBe("whole");
    const events = await Array.fromAsync(answer);
    expect(events.map(({ type, seq }) => [type, seq])).toEqual([
      ["accepted", 1],
      ["delta", 3],
      ["completed", 5],
    ]);
    expect(told).toEqual([{ conversation: "c", ask: "a1", stage: "queued", position: 2 }]);
    server.fail("ask", { refuse: { code: "OF_A_NEWER_SERVER", message: "Too much.", retryable: false } as never });
    await expect(relay.conversation("c").ask("?").accepted).rejects.toMatchObject({
      code: "INTERNAL",
      message: "Too much.",
      retryable: false,
    });
  });
  test("that answers nonsense is asked once more, then the call fails", async () => {
    server.fail("cancel", { answer: { ok: "perhaps" } }, { answer: "no object" });
    await expect(relay.conversation("c").cancel("a1")).rejects.toMatchObject({ code: "INTERNAL" });
    expect(server.count("cancel")).toBe(2);
    for (const payload of [null, 7, {}, { type: "delta", text: "x" }]) server.io.emit("event", payload);
    server.io.emit("progress", null);
    const answer = relay.conversation("c").ask("?", { id: "a1" });
    await answer.accepted;
    server.answer("a1", "still here");
    expect(await answer.text()).toBe("still here");
  });
  test("whose welcome cannot be read ends the connection, and says why", async () => {
    await eventually(() => relay.state === "online");
    server.welcome = { user: "user", protocol: 2 };
    const errors: unknown[] = [];
    const other = open({ onState: (_, error) => error && errors.push(error) });
    await eventually(() => other.state === "closed");
    expect(errors).toMatchObject([{ code: "BAD_MESSAGE", wire: { reason: "version" } }]);
  });
});

test("what was used is not read from a page that a web server has for every path", async () => {
  const everywhere = open({
    fetch: async (input, init) =>
      String(input).endsWith("/v1/usage") ? new Response("<!doctype html>") : fetch(input, init),
  });
  await expect(everywhere.usage()).rejects.toMatchObject({ code: "NOT_DOCRELAY" });
});

test("a request that the application's fetch adds headers to keeps those of the SDK", async () => {
  const sent: Headers[] = [];
  const reader = open({
    fetch: async (input, init) => {
      const headers = new Headers({ ...(init?.headers as Record<string, string>), "x-a": "1" });
      if (!String(input).includes("/v1/uploads/")) return fetch(input, { ...init, headers });
      sent.push(headers);
      return new Response("%PDF-1.7", { status: 206 });
    },
  });
  await eventually(() => reader.state === "online");
  await reader.download("u", "bytes", { range: { from: 0, to: 8 } });
  const [headers] = sent;
  expect(headers?.get("authorization")).toMatch(/^Bearer ./);
  expect(Object.fromEntries(headers ?? [])).toMatchObject({ range: "bytes=0-7", connection: "close", "x-a": "1" });
});

test("a token that is refused when something is read is renewed, and asked with once more", async () => {
  const asked: unknown[] = [];
  const refused = Response.json({ error: wireError("AUTH_EXPIRED") }, { status: 401 });
  let refusals = 1;
  const reader = open({
    fetch: async (input, init) => {
      if (!String(input).includes("/v1/uploads/")) return fetch(input, init);
      asked.push(new Headers(init?.headers).get("authorization"));
      return refusals-- > 0 ? refused.clone() : new Response("%PDF-1.7");
    },
  });
  await eventually(() => reader.state === "online");
  expect(await (await reader.download("u", "bytes")).text()).toBe("%PDF-1.7");
  const [first, second] = asked;
  expect(asked).toHaveLength(2);
  expect(second).not.toBe(first);
  refusals = 9;
  await expect(reader.download("u", "bytes")).rejects.toMatchObject({ code: "AUTH_EXPIRED" });
  const fixed = open({ token: "never another one", fetch: async () => refused.clone() });
  await expect(fixed.download("u", "bytes")).rejects.toMatchObject({ code: "AUTH_EXPIRED" });
  expect(asked).toHaveLength(4);
});
