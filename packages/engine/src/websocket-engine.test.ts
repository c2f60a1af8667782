import { getEventListeners } from "node:events";
import { eventually } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { askAll, engineAt, startScriptedEngine, textOf, type Call } from "../test/scripted-engine.ts";
import { createWebSocketEngine } from "./websocket-engine.ts";

const WORDS = ["It ", "is ", "", "a ", "report.\n"];
const stream = ({ say, id: unique_id }: Call): void => {
  for (const delta of WORDS) say({ type: "delta", delta, unique_id });
  say({ type: "end", unique_id });
};

describe("the wire", () => {
  it("sends the original frame, and gives a single reply's frame back as it came", async () => {
    const raw = '{ "message" : "an answer", "type":"chat", "unique_id":"user-uuid", "score": 1.50 }';
    await using server = await startScriptedEngine(({ say }) => say(raw));
    await using engine = engineAt(server.url);
    const message = "what?\n\n--- File Content: ä.pdf ---\n文\n--- End of File ---";
    expect(await askAll(engine, { message, uniqueId: "user-uuid" })).toEqual([
      { kind: "sent" },
      { kind: "end", text: "an answer", frame: raw },
    ]);
    expect(server.calls.map((call) => call.raw)).toEqual([
      JSON.stringify({ message, type: "chat", unique_id: "user-uuid" }),
    ]);
  });

  it("takes a plain text for the whole of a single reply, without a frame", async () => {
    await using server = await startScriptedEngine(({ say }) => say("just text"));
    await using engine = engineAt(server.url);
    expect(await askAll(engine)).toEqual([{ kind: "sent" }, { kind: "end", text: "just text" }]);
  });

  it("gives a stream's pieces as they come", async () => {
    await using server = await startScriptedEngine(stream);
    await using engine = engineAt(server.url, { reply: "stream" });
    const texts = WORDS.filter(Boolean).map((text) => ({ kind: "text", text }));
    expect(await askAll(engine)).toEqual([{ kind: "sent" }, ...texts, { kind: "end" }]);
  });

  it("gives a first piece before the second is there", async () => {
    let call: Call | undefined;
    await using server = await startScriptedEngine((one) => {
      call = one;
      one.say({ delta: "first" });
    });
    await using engine = engineAt(server.url, { reply: "stream" });
    const events = engine
      .ask({ message: "m", uniqueId: "u", affinity: "a" }, new AbortController().signal)
      [Symbol.asyncIterator]();
    expect([(await events.next()).value, (await events.next()).value]).toEqual([
      { kind: "sent" },
      { kind: "text", text: "first" },
    ]);
    call?.say({ type: "completed", text: "first and last", citations: [{ file: 0, page: 3 }] });
    expect((await events.next()).value).toEqual({
      kind: "end",
      text: "first and last",
      citations: [{ file: 0, page: 3 }],
    });
    expect((await events.next()).done).toBe(true);
  });

  it("reads 100,000 one-byte pieces", async () => {
    await using server = await startScriptedEngine(({ say }) => {
      for (let index = 0; index < 100_000; index++) say("x");
      say({ type: "done" });
    });
    await using engine = engineAt(server.url, { reply: "stream" });
    expect(textOf(await askAll(engine))).toBe("x".repeat(100_000));
  });

  it("carries a prompt of 16 MB", async () => {
    await using server = await startScriptedEngine(({ say, message }) => say({ message: String(message.length) }));
    await using engine = engineAt(server.url);
    expect(textOf(await askAll(engine, { message: "x".repeat(16_000_000) }))).toBe("16000000");
  });
});

describe("a connection", () => {
  it("serves ask after ask, of different users, when the engine echoes their ids", async () => {
    await using server = await startScriptedEngine(stream);
    await using engine = engineAt(server.url, { reply: "stream" });
    for (let index = 0; index < 100; index++) {
      expect(textOf(await askAll(engine, { uniqueId: `id-${index}`, affinity: `user-${index}` }))).toBe(
        "It is a report.\n",
      );
    }
    expect([server.opened, server.calls.length]).toEqual([1, 100]);
  });

  it("serves the same user again at once after a single reply, also when the reader stops at the end", async () => {
    await using server = await startScriptedEngine(({ say, number }) => say({ message: `reply ${number}` }));
    await using engine = engineAt(server.url);
    for (let index = 0; index < 20; index++) {
      for await (const event of engine.ask(
        { message: "m", uniqueId: "u", affinity: "a" },
        new AbortController().signal,
      )) {
        if (event.kind === "end") break;
      }
    }
    expect(server.opened).toBe(1);
  });

  it("there are no more of than allowed, and who waits gets one", async () => {
    await using server = await startScriptedEngine(({ say, id: unique_id }) =>
      setTimeout(() => say({ message: unique_id, unique_id }), 5),
    );
    await using engine = engineAt(server.url, { connections: 3 });
    const asks = Array.from({ length: 40 }, (_, index) => `id-${index}`);
    const replies = await Promise.all(
      asks.map((uniqueId) => askAll(engine, { uniqueId, affinity: uniqueId }).then(textOf)),
    );
    expect(replies).toEqual(asks);
    expect([server.most, server.opened]).toEqual([3, 3]);
  });

  it("never has two asks in flight", async () => {
    const busy = new Set<number>();
    await using server = await startScriptedEngine(({ say, connection, id: unique_id }) => {
      if (busy.has(connection)) return say({ type: "error" });
      busy.add(connection);
      setTimeout(() => {
        busy.delete(connection);
        say({ type: "completed", text: "ok", unique_id });
      }, 2);
    });
    await using engine = engineAt(server.url, { reply: "stream", connections: 4 });
    const asks = Array.from({ length: 60 }, (_, index) =>
      askAll(engine, { uniqueId: `${index}`, affinity: `${index % 7}` }).then(textOf),
    );
    expect(new Set(await Promise.all(asks))).toEqual(new Set(["ok"]));
  });

  it("is closed after a while of not being used, and pinged until then", async () => {
    let pings = 0;
    await using server = await startScriptedEngine(stream, (socket) => socket.on("ping", () => pings++));
    await using engine = engineAt(server.url, { reply: "stream", keepMs: 300, pingEveryMs: 20 });
    await askAll(engine);
    expect(server.open).toBe(1);
    await eventually(() => pings > 2, { what: "a ping" });
    await eventually(() => server.open === 0, { what: "the close" });
    expect(textOf(await askAll(engine))).toBe("It is a report.\n");
    expect(server.opened).toBe(2);
  });

  it("that the engine closed while idle is not used again", async () => {
    await using server = await startScriptedEngine((call) => {
      stream(call);
      call.socket.close();
    });
    await using engine = engineAt(server.url, { reply: "stream" });
    await askAll(engine);
    await eventually(() => server.open === 0, { what: "the close" });
    expect(textOf(await askAll(engine))).toBe("It is a report.\n");
  });
});

describe("a slow reader", () => {
  it("makes the engine wait, and loses nothing", async () => {
    const piece = "x".repeat(10_000);
    let socket: Call["socket"] | undefined;
    await using server = await startScriptedEngine((call) => {
      socket = call.socket;
      for (let index = 0; index < 3000; index++) call.say({ delta: piece });
      call.say({ type: "end" });
    });
    await using engine = engineAt(server.url, { reply: "stream", maxReplyBytes: 100_000_000, idleTimeoutMs: 100 });
    const events = engine
      .ask({ message: "m", uniqueId: "u", affinity: "a" }, new AbortController().signal)
      [Symbol.asyncIterator]();
    await events.next();
    await events.next();
    // The test does not read on, so only the kernels' buffers fill up; the rest waits in the engine.
    let before = -1;
    const stuck = await eventually(
      () => {
        const now = socket?.bufferedAmount ?? 0;
        const same = now === before;
        before = now;
        return same && now;
      },
      { everyMs: 250, what: "a standstill" },
    );
    expect(stuck).toBeGreaterThan(10_000_000);
    // docrelay has paused the connection because the test did not read, so this time does not count as silence of the
    // engine.
    let chars = piece.length;
    for (let step = await events.next(); !step.done; step = await events.next())
      if (step.value.kind === "text") chars += step.value.text.length;
    expect(chars).toBe(3000 * piece.length);
    expect(server.open).toBe(1);
  });
});

describe("an abort", () => {
  const wait = (): void => undefined;

  it("before the call connects nobody", async () => {
    await using server = await startScriptedEngine(wait);
    await using engine = engineAt(server.url);
    const reason = new Error("stop");
    await expect(askAll(engine, {}, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(server.opened).toBe(0);
  });

  it("ends the connection at once, with the signal's reason, and leaves no listener behind", async () => {
    await using server = await startScriptedEngine(({ say }) => say({ delta: "some" }));
    await using engine = engineAt(server.url, { reply: "stream" });
    const controller = new AbortController();
    const call = askAll(engine, {}, controller.signal);
    await eventually(() => server.calls.length === 1);
    const reason = new Error("stop");
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    await eventually(() => server.open === 0, { what: "the close" });
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  it("ends the connection also while the reader does not read", async () => {
    await using server = await startScriptedEngine(({ say }) => say({ delta: "some" }));
    await using engine = engineAt(server.url, { reply: "stream" });
    const controller = new AbortController();
    const events = engine
      .ask({ message: "m", uniqueId: "u", affinity: "a" }, controller.signal)
      [Symbol.asyncIterator]();
    await events.next();
    controller.abort(new Error("stop"));
    await eventually(() => server.open === 0, { what: "the close" });
    await expect(events.next()).rejects.toThrow("stop");
  });

  it("gives up waiting for a free connection, and the others go on", async () => {
    const held: Call[] = [];
    await using server = await startScriptedEngine((call) => held.push(call));
    await using engine = engineAt(server.url, { connections: 1 });
    const first = askAll(engine, { uniqueId: "1", affinity: "a" });
    await eventually(() => held.length === 1);
    const controller = new AbortController();
    const second = askAll(engine, { uniqueId: "2", affinity: "b" }, controller.signal);
    const third = askAll(engine, { uniqueId: "3", affinity: "a" });
    controller.abort(new Error("stop"));
    await expect(second).rejects.toThrow("stop");
    held[0]?.say({ message: "one" });
    expect(textOf(await first)).toBe("one");
    await eventually(() => held.length === 2);
    held[1]?.say({ message: "three" });
    expect(textOf(await third)).toBe("three");
    expect(held.map(({ id }) => id)).toEqual(["1", "3"]);
  });

  it("after the end does not touch the connection, which may be somebody else's", async () => {
    await using server = await startScriptedEngine(stream);
    await using engine = engineAt(server.url, { reply: "stream" });
    const controller = new AbortController();
    for await (const event of engine.ask({ message: "m", uniqueId: "u", affinity: "a" }, controller.signal)) {
      if (event.kind === "end") controller.abort();
    }
    await askAll(engine);
    expect(server.opened).toBe(1);
  });

  it("is not needed by who leaves in the middle", async () => {
    await using server = await startScriptedEngine(({ say }) => say({ delta: "some" }));
    await using engine = engineAt(server.url, { reply: "stream" });
    for await (const event of engine.ask(
      { message: "m", uniqueId: "u", affinity: "a" },
      new AbortController().signal,
    )) {
      if (event.kind === "text") break;
    }
    await eventually(() => server.open === 0, { what: "the close" });
  });
});

describe("disposing", () => {
  it("ends what is in flight, what waits and what is idle, and takes nothing more", async () => {
    await using server = await startScriptedEngine((call) => call.id === "idle" && stream(call));
    const engine = engineAt(server.url, { reply: "stream", connections: 2 });
    const first = askAll(engine, { uniqueId: "busy", affinity: "a" });
    await eventually(() => server.calls.length === 1);
    await askAll(engine, { uniqueId: "idle", affinity: "b" });
    await engine[Symbol.asyncDispose]();
    await expect(first).rejects.toMatchObject({ kind: "unavailable" });
    await expect(askAll(engine)).rejects.toMatchObject({ kind: "unavailable" });
    await eventually(() => server.open === 0, { what: "no connection" });
    await engine[Symbol.asyncDispose]();
  });
});

it("an engine's URL that has a problem is refused, and not repeated", () => {
  const options = {
    reply: "single",
    connections: 1,
    firstReplyTimeoutMs: 1,
    idleTimeoutMs: 1,
    maxReplyBytes: 1,
  } as const;
  expect(() => createWebSocketEngine({ url: "http://secret.example", ...options })).toThrow(
    /^the engine's URL must begin with ws/,
  );
});
