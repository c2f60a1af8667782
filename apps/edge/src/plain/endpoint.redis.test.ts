import { channelOf } from "@docrelay/channel";
import { eventually } from "@docrelay/testkit";
import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createArriving } from "../limits/arriving.ts";
import { done, startPlain, useEnding, type Plain } from "../../test/plain-fixture.ts";

const ending = useEnding();
const start = async (of: Parameters<typeof startPlain>[0] = {}): Promise<Plain> => {
  const plain = await startPlain(of);
  ending(plain);
  return plain;
};

describe("asks and replies", () => {
  it("forwards the engine's reply frame as it came, with the client's own id, and nothing else", async () => {
    const plain = await start();
    const ear = await plain.connect();
    const content = `data:application/pdf;base64,${Buffer.from("%PDF-1.4").toString("base64")}`;
    ear.say({
      message: "what?",
      type: "chat",
      unique_id: "me",
      file: { name: "a.pdf", type: "application/pdf", content },
    });
    const turn = await plain.taken(0);
    expect(turn.ask.body).toMatchObject({
      message: "what?",
      origin: "plain",
      uniqueId: "me",
      files: [{ name: "a.pdf", size: 8 }],
    });
    const attempt = await turn.begin();
    await turn.write(attempt, 1, { type: "started", engine: "e" });
    await turn.write(attempt, 2, { type: "delta", text: "an" });
    const frame = '{"message": "an answer",  "type":"chat", "n": 12345678901234567890, "unique_id":"me"}';
    await turn.finish(done("an answer", frame));
    await ear.next();
    // An extra frame for the first ask would arrive before the reply to this second ask.
    ear.say({ message: "", unique_id: "x" });
    await ear.next(2);
    expect(ear.raw[0]).toBe(frame);
    expect(ear.frames[1]).toEqual(expect.objectContaining({ type: "error", code: "BAD_MESSAGE", unique_id: "x" }));
  });

  it("takes what front ends of the original send: a number as id, no file as {}, and heartbeats", async () => {
    const plain = await start();
    const client = await plain.connect();
    for (let beat = 0; beat < 30; beat++) client.say({ type: "ping" });
    client.ws.send('{"message":"hi","type":"chat","unique_id":42.0,"file":{}}');
    const turn = await plain.taken(0);
    expect(plain.asks[0]).toMatchObject({ message: "hi", files: [], uniqueId: "42.0" });
    const frame = '{"response":"hello","unique_id":"42.0"}';
    await turn.begin();
    await turn.finish(done("hello", frame));
    await client.next();
    expect(client.raw).toEqual(['{"response":"hello","unique_id":42.0}']);
    client.ws.send('{"message":"","unique_id":7}');
    await client.next(2);
    expect(client.frames[1]).toMatchObject({ type: "error", code: "BAD_MESSAGE", unique_id: 7 });
    expect(client.closedWith()).toBeUndefined();
  });

  it("streams to those who ask for it: each delta, then the whole reply", async () => {
    const plain = await start();
    const ear = await plain.connect();
    ear.say({ message: "go", unique_id: "me", stream: true });
    const turn = await plain.taken(0);
    const first = await turn.begin();
    await turn.write(first, 1, { type: "started", engine: "e" });
    await turn.write(first, 2, { type: "delta", text: "one " });
    await turn.write(first, 3, { type: "delta", text: "two" });
    await turn.finish(done("one two"));
    expect(await ear.next(3)).toEqual([
      { type: "delta", text: "one ", unique_id: "me" },
      { type: "delta", text: "two", unique_id: "me" },
      { message: "one two", type: "chat", unique_id: "me" },
    ]);
  });

  it("streams a second attempt after the first, and replies once with the whole of the second", async () => {
    const plain = await start();
    const ear = await plain.connect();
    ear.say({ message: "go", unique_id: "me", stream: true });
    const turn = await plain.taken(0);
    const texts = ["lost", "kept"];
    for (const [index, text] of texts.entries()) {
      const attempt = await turn.begin(index > 0 ? "anew" : undefined);
      await turn.write(attempt, 1, { type: "started", engine: "e" });
      await turn.write(attempt, 2, { type: "delta", text });
    }
    await turn.finish(done("kept"));
    expect((await ear.next(3)).map(({ text, message }) => text ?? message)).toEqual(["lost", "kept", "kept"]);
  });

  it("answers two asks of one connection in order, and leaves out an id that was not sent", async () => {
    const plain = await start();
    const ear = await plain.connect();
    ear.say({ message: "first" });
    ear.say({ message: "second", unique_id: "2" });
    for (const [index, text] of ["a", "b"].entries()) {
      const turn = await plain.taken(index);
      await turn.begin();
      await turn.finish(done(text));
    }
    expect(await ear.next(2)).toEqual([
      { message: "a", type: "chat" },
      { message: "b", type: "chat", unique_id: "2" },
    ]);
    expect(plain.asks[0]?.conversation).toBe(plain.asks[1]?.conversation);
  });

  it("asks anew where a frame has `replaces`: `unique_id` selects nothing, and a front end knows no ids of asks", async () => {
    const plain = await start();
    const ear = await plain.connect();
    ear.say({ message: "first", unique_id: "me" });
    ear.say({ message: "edited", unique_id: "me", replaces: "me" });
    for (const [index, text] of ["a", "b"].entries()) {
      const turn = await plain.taken(index);
      expect(turn.ask.body).not.toHaveProperty("replaces");
      await turn.begin();
      await turn.finish(done(text));
    }
    expect((await ear.next(2)).map(({ message }) => message)).toEqual(["a", "b"]);
    expect(plain.asks.map(({ message, replaces }) => ({ message, replaces }))).toEqual([
      { message: "first", replaces: undefined },
      { message: "edited", replaces: undefined },
    ]);
  });

  it("passes a failure on by its code, and a cancel as an ask that has ended", async () => {
    const plain = await start();
    const ear = await plain.connect();
    ear.say({ message: "first", unique_id: "1" });
    ear.say({ message: "second", unique_id: "2" });
    const failing = await plain.taken(0);
    await failing.begin();
    await failing.finish({ type: "failed", error: { code: "PDF_INVALID", message: "damaged", retryable: false } });
    const cancelled = await plain.taken(1);
    await cancelled.begin();
    await cancelled.finish({ type: "cancelled", text: "" });
    expect(await ear.next(2)).toMatchObject([
      { type: "error", code: "PDF_INVALID", message: "damaged", retryable: false, unique_id: "1" },
      { type: "error", code: "NOT_FOUND", message: "The question was cancelled.", retryable: false, unique_id: "2" },
    ]);
    expect(ear.closedWith()).toBeUndefined();
  });

  it("keeps two connections apart, whatever id they claim", async () => {
    const plain = await start();
    const [mine, other] = [await plain.connect(), await plain.connect()];
    mine.say({ message: "mine", unique_id: "same" });
    const first = await plain.taken(0);
    other.say({ message: "other", unique_id: "same" });
    const second = await plain.taken(1);
    await second.begin();
    await second.finish(done("for other"));
    await first.begin();
    await first.finish(done("for mine"));
    expect(await mine.next()).toMatchObject([{ message: "for mine" }]);
    expect(await other.next()).toMatchObject([{ message: "for other" }]);
    expect(plain.asks[0]?.user).not.toBe(plain.asks[1]?.user);
  });

  it("refuses what is over the asks in flight, and goes on", async () => {
    const plain = await start();
    const ear = await plain.connect();
    for (let index = 0; index < 6; index++) ear.say({ message: "x", unique_id: `${index}` });
    expect(await ear.next(2)).toMatchObject([
      { type: "error", code: "BUSY", unique_id: "4" },
      { type: "error", code: "BUSY", unique_id: "5" },
    ]);
    const turn = await plain.taken(0);
    await turn.begin();
    await turn.finish(done("after all"));
    expect((await ear.next(3))[2]).toMatchObject({ message: "after all", unique_id: "0" });
  });
});

describe("what is lost on the way", () => {
  it("answers from the log when the subscription died and nothing was heard", async () => {
    const plain = await start();
    const ear = await plain.connect();
    ear.say({ message: "go", unique_id: "me" });
    const turn = await plain.taken(0);
    const subscribed = async (): Promise<number> =>
      ((await plain.store.redis.call("PUBSUB", "SHARDNUMSUB", channelOf(turn.at))) as [string, number])[1];
    await eventually(async () => (await subscribed()) === 1);
    await turn.begin();
    await plain.store.redis.call("CLIENT", "KILL", "TYPE", "pubsub");
    await turn.finish(done("not heard"));
    expect(await ear.next()).toMatchObject([{ message: "not heard" }]);
  });

  it("answers from the log when a publish was lost and the connection never knew", async () => {
    const plain = await start();
    const ear = await plain.connect();
    ear.say({ message: "go", unique_id: "me" });
    const turn = await plain.taken(0);
    await turn.begin();
    await plain.deafen(turn.at);
    await turn.finish(done("kept in the log"));
    expect(await ear.next()).toMatchObject([{ message: "kept in the log" }]);
  });

  it("sends an ask again with its id when the store did not answer, and it is asked once", async () => {
    const plain = await start({ lostAnswers: 2 });
    const ear = await plain.connect();
    ear.say({ message: "go", unique_id: "me" });
    const turn = await plain.taken(0);
    await turn.begin();
    await turn.finish(done("once"));
    ear.say({ message: "next" });
    const next = await plain.taken(1);
    await next.begin();
    await next.finish(done("twice"));
    expect(await ear.next(2)).toMatchObject([{ message: "once" }, { message: "twice" }]);
    expect(plain.asks).toHaveLength(2);
  });

  it("says so when the store goes on not answering, and nobody answers that ask afterwards", async () => {
    const plain = await start({ lostAnswers: 4 });
    const ear = await plain.connect();
    ear.say({ message: "go", unique_id: "me" });
    expect(await ear.next()).toMatchObject([
      { type: "error", code: "STORE_UNAVAILABLE", retryable: true, unique_id: "me" },
    ]);
    ear.say({ message: "again", unique_id: "me" });
    const turn = await plain.taken(1); // the first ask was cancelled, so the second one is taken next
    await turn.begin();
    await turn.finish(done("served"));
    expect((await ear.next(2))[1]).toMatchObject({ message: "served" });
  });
});

describe("large frames", () => {
  it("decodes 20 MB in a thread, keeps the order, and lets others be served meanwhile", async () => {
    const plain = await start();
    const ear = await plain.connect();
    const bytes = Buffer.concat([Buffer.from("%PDF-1.4\n"), randomBytes(20_000_000)]);
    ear.say({ message: "big", unique_id: "1", file: { name: "big.pdf", content: bytes.toString("base64") } });
    ear.say({ message: "small", unique_id: "2" });
    await plain.taken(0);
    await eventually(() => plain.asks.length === 2);
    expect(plain.asks.map(({ message }) => message)).toEqual(["big", "small"]);
    const [file] = plain.asks[0]?.files ?? [];
    expect(file && "bytes" in file && Buffer.from(file.bytes).equals(bytes)).toBe(true);
    expect(plain.endpoint.largeFrames).toBe(1);
  });

  it("refuses in the thread what is bad, and closes by 1009 what is over the cap", async () => {
    const plain = await start({ limits: { messageChars: 32_000, fileBytes: 400_000, filesPerAsk: 8 } });
    const ear = await plain.connect();
    ear.say(`${"[".repeat(10)}${" ".repeat(300_000)}`);
    ear.say({ unique_id: "2", file: { name: "a", content: `${"A".repeat(299_999)}*` } });
    expect(await ear.next(2)).toMatchObject([{ code: "BAD_MESSAGE" }, { code: "FILE_CORRUPT", unique_id: "2" }]);
    expect(plain.endpoint.largeFrames).toBe(2);
    ear.say("x".repeat(700_000));
    await eventually(() => ear.closedWith() === 1009);
  });
});

describe("many large frames at once", () => {
  it("let go of the one that has stalled, and of no small one", async () => {
    const plain = await start({ arriving: createArriving({ maxBytes: 4_500_000, maxNetworkBytes: 4_500_000 }) });
    const small = await plain.connect();
    const piece = "x".repeat(1_000_000);
    const [stalled, ...others] = await Promise.all(Array.from({ length: 5 }, () => plain.connect()));
    stalled?.ws.send(piece, { fin: false });
    await eventually(() => stalled?.ws.bufferedAmount === 0);
    for (const ear of others) {
      ear.ws.send(piece, { fin: false });
      await eventually(() => ear.ws.bufferedAmount === 0);
    }
    await eventually(() => stalled?.closedWith() !== undefined);
    expect(others.map((ear) => ear.closedWith())).toEqual(others.map(() => undefined));
    small.say({ message: "served" });
    await plain.taken(0);
  });
});

describe("who may connect", () => {
  it("refuses by HTTP status, with the reason as JSON", async () => {
    const plain = await start({ maxPerUser: 1, origins: { listed: ["https://app.test"], onlyLocal: false } });
    expect(await plain.refusal({ origin: "https://evil.test" })).toMatchObject({
      status: 403,
      body: expect.stringContaining("ORIGIN_DENIED") as string,
    });
    expect(await plain.refusal({ protocols: ["docrelay.v1", "bearer.nonsense"] })).toMatchObject({
      status: 401,
      body: expect.stringContaining("AUTH_INVALID") as string,
    });
    const { token, user } = await plain.authenticator.issue();
    const protocols = ["docrelay.v1", `bearer.${token}`];
    const ear = await plain.connect({ protocols, origin: "https://app.test" });
    expect(ear.ws.protocol).toBe("docrelay.v1");
    expect(await plain.refusal({ protocols })).toMatchObject({
      status: 429,
      body: expect.stringContaining("TOO_MANY_CONNECTIONS") as string,
    });
    ear.say({ message: "hi" });
    await plain.taken(0);
    expect(plain.asks[0]?.user).toBe(user);
    ear.ws.close();
    await eventually(() => plain.endpoint.count === 0);
    await plain.connect({ protocols });
  });
});

describe("ends", () => {
  it("closes a reader that is too slow, and holds no more than its cap", async () => {
    const plain = await start({ maxSocketBufferBytes: 65_536 });
    const ear = await plain.connect();
    ear.say({ message: "go", stream: true });
    const turn = await plain.taken(0);
    ear.ws.pause();
    const attempt = await turn.begin();
    await turn.write(attempt, 1, { type: "started", engine: "e" });
    const text = "x".repeat(200_000);
    for (let n = 2; n < 60; n++) await turn.write(attempt, n, { type: "delta", text });
    await eventually(async () =>
      (await plain.metrics()).includes('docrelay_edge_closed_total{code="SLOW_CONSUMER"} 1'),
    );
    await eventually(() => plain.endpoint.count === 0);
  });

  it("notices a connection that does not answer pings, and keeps one that does", async () => {
    const plain = await start({ pingIntervalMs: 200 });
    const alive = await plain.connect();
    const silent = await plain.connect();
    silent.ws.pause();
    await eventually(() => plain.endpoint.count === 1);
    alive.say({ message: "here" });
    await plain.taken(0);
  });

  it("says that it shuts down, closes by 1012, and takes no new ones", async () => {
    const plain = await start();
    const ears = [await plain.connect(), await plain.connect(), await plain.connect()];
    await plain.drain();
    for (const ear of ears) {
      await eventually(() => ear.closedWith() === 1012);
      expect(ear.frames).toMatchObject([{ type: "error", code: "SHUTTING_DOWN", retryable: true }]);
    }
    expect(await plain.refusal()).toMatchObject({ status: 503 });
  });

  it("lets the ask of a broken connection run", async () => {
    const plain = await start();
    const ear = await plain.connect();
    ear.say({ message: "before", unique_id: "1" });
    const turn = await plain.taken(0);
    ear.ws.terminate();
    // The ask continues although its connection has ended.
    await turn.begin();
    await turn.finish(done("nobody hears"));
    await eventually(() => plain.endpoint.count === 0);
    expect(plain.logged).toEqual([]);
  });
});
