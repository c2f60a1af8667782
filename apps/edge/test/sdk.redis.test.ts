import { hintsOfText, publishHint, readUpload, writeText } from "@docrelay/channel";
import {
  connect,
  memoryStorage,
  type AskProgress,
  type Event,
  type Relay,
  type RelayState,
  type UploadStatus,
} from "@docrelay/client";
import { wireError } from "@docrelay/protocol";
import { eventually, makePdf, startProxy, type Proxy } from "@docrelay/testkit";
import { createHash } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { beginHead, useEdges } from "./fixture.ts";

// These tests run the SDK against real edges and a real Redis, and do the work of a worker themselves. Faults that an
// edge does not produce on demand are tested in packages/client.
const edges = useEdges({ count: 2, env: { CHUNK_BYTES: "1024" } });
let line: Proxy;
let relay: Relay;
let states: RelayState[];
let storage: ReturnType<typeof memoryStorage>;
const relays: Relay[] = [];

const edgeUrl = (index: number): string => `http://127.0.0.1:${edges.edges[index]?.port}`;
function open(options: Parameters<typeof connect>[0] = {}): Relay {
  const made = connect({ url: `http://127.0.0.1:${line.port}`, storage, ...options });
  relays.push(made);
  return made;
}
beforeEach(async () => {
  line = await startProxy({ port: edges.edges[0]?.port ?? 0 });
  storage = memoryStorage();
  states = [];
  relay = open({ onState: (state) => states.push(state) });
});
afterEach(async () => {
  for (const each of relays.splice(0)) each.close();
  await line[Symbol.asyncDispose]();
});

/** Waits until the edge has sent the name of the relay's user, and returns it. */
async function user(of = relay): Promise<string> {
  await eventually(() => of.user !== undefined);
  return of.user ?? "";
}
const begin = async (conversation = "c"): ReturnType<typeof beginHead> =>
  beginHead(edges.store, await user(), conversation);
const answer = async (deltas: string[], conversation = "c"): Promise<void> =>
  edges.answer(conversation, deltas, await user());
function watch(of: Relay, conversation = "c"): Event[] {
  const shown: Event[] = [];
  of.conversation(conversation).subscribe({ event: (event) => shown.push(event), reset: () => (shown.length = 0) });
  return shown;
}
const types = (events: readonly Event[]): string[] => events.map(({ type }) => type);

describe("an answer", () => {
  it("is an iterable of its events, and its text", async () => {
    const asked = relay.conversation("c").ask("what is inside?", { id: "a1" });
    expect(await asked.accepted).toEqual({ seq: 1, duplicate: false });
    await answer(["three ", "small ", "words"]);
    expect(await asked.text()).toBe("three small words");
    const events = await Array.fromAsync(asked);
    expect(types(events)).toEqual(["accepted", "started", "delta", "delta", "delta", "completed"]);
    expect(events[0]).toMatchObject({ message: "what is inside?", ask: "a1", seq: 1 });
  });
  it("that is there lets go of the bytes of its files, and is asked again with them", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const conversation = relay.conversation("c");
    const askWithFile = async (): Promise<WeakRef<object>> => {
      const file = { name: "a.pdf", bytes: new Uint8Array(makePdf({ pages: ["words"] })) };
      await conversation.ask("?", { id: "a1", files: [file] }).accepted;
      return new WeakRef(file);
    };
    const file = await askWithFile();
    await answer(["yes"]);
    await eventually(() => conversation.turns[0]?.state === "completed");
    await eventually(() => {
      collect();
      return file.deref() === undefined;
    });
    expect(await conversation.retry("a1").accepted).toMatchObject({ duplicate: false });
  });
  it("that failed throws its code", async () => {
    const failing = relay.conversation("c").ask("?");
    await failing.accepted;
    await (await begin()).fail(wireError("ENGINE_TIMEOUT"));
    await expect(failing.text()).rejects.toMatchObject({ code: "ENGINE_TIMEOUT", retryable: true });
  });
  it("that was cancelled before a worker has it ends so, also from another edge", async () => {
    const asked = relay.conversation("c").ask("?", { id: "a1" });
    await asked.accepted;
    const other = open({ url: edgeUrl(1), token: await edges.token(await user()) });
    await other.conversation("c").cancel("a1");
    expect(await asked.text()).toBe("");
    expect((await Array.fromAsync(asked)).at(-1)?.type).toBe("cancelled");
  });
});

describe("asking again with the id of an ask that has ended", () => {
  it("on the same connection gives the same answer, and stores nothing", async () => {
    const conversation = relay.conversation("c");
    const first = conversation.ask("what is inside?", { id: "a1" });
    await first.accepted;
    await answer(["an answer"]);
    expect(await first.text()).toBe("an answer");
    const second = conversation.ask("what is inside?", { id: "a1" });
    expect(await second.accepted).toEqual({ seq: 1, duplicate: true });
    expect(await second.text()).toBe("an answer");
    expect(await Array.fromAsync(second)).toEqual(await Array.fromAsync(first));
    await second.cancel();
    expect(types(watch(relay))).toEqual(["accepted", "started", "delta", "completed"]);
  });
  it("and another question is refused, and the old answer is not given for it", async () => {
    const conversation = relay.conversation("c");
    const first = conversation.ask("what is inside?", { id: "a1" });
    await first.accepted;
    await answer(["an answer"]);
    await first.text();
    const other = conversation.ask("who wrote it?", { id: "a1" });
    const text = other.text();
    await expect(other.accepted).rejects.toMatchObject({ code: "ASK_CONFLICT" });
    await expect(text).rejects.toMatchObject({ code: "ASK_CONFLICT" });
  });
});

describe("a connection that breaks", () => {
  it("goes on from the last position: each event once, in order", async () => {
    const shown = watch(relay);
    const asked = relay.conversation("c").ask("?");
    await asked.accepted;
    const writer = await begin();
    await writer.say("one ");
    await eventually(() => shown.length === 3);
    line.cut();
    await eventually(() => states.at(-1) === "offline");
    await writer.say("while away ");
    line.heal();
    await writer.say("two");
    await writer.complete();
    expect(await asked.text()).toBe("one while away two");
    expect(types(shown)).toEqual(["accepted", "started", "delta", "delta", "delta", "completed"]);
    expect(shown.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
  });
  it("sends what was asked meanwhile when it is back", async () => {
    await user();
    line.cut();
    await eventually(() => states.at(-1) === "offline");
    const asked = relay.conversation("c").ask("asked while away");
    line.heal();
    expect(await asked.accepted).toEqual({ seq: 1, duplicate: false });
  });
  it("leaves an ask whose answer got lost to the next page, and it is stored once", async () => {
    await user();
    const shown = watch(relay);
    await eventually(() => states.includes("online"));
    line.blackhole("down");
    relay
      .conversation("c")
      .ask("mine?", { id: "a1" })
      .accepted.catch(() => undefined);
    const second = watch(open({ url: edgeUrl(1), storage: memoryStorage(), token: await edges.token(await user()) }));
    await eventually(() => second.length === 1);
    relay.close();
    const next = open({ url: `http://127.0.0.1:${line.port}` });
    line.heal();
    const again = watch(next);
    await eventually(() => again.length === 1);
    await eventually(() => storage.getItem(`docrelay:ask:http://127.0.0.1:${line.port}:a1`) === null);
    expect(again).toEqual(second);
    expect(shown).toEqual([]);
  });
});

describe("the same user", () => {
  it("sees the same conversation in a second tab, on another edge", async () => {
    const first = watch(relay);
    const token = await edges.token(await user());
    const second = watch(open({ url: edgeUrl(1), token }));
    const asked = relay.conversation("c").ask("?");
    await asked.accepted;
    await answer(["for ", "both"]);
    await eventually(() => second.at(-1)?.type === "completed" && first.at(-1)?.type === "completed");
    expect(second).toEqual(first);
  });
  it("after a reload in the middle of an answer longer than a page of the log reads all of it", async () => {
    const asked = relay.conversation("c").ask("?");
    await asked.accepted;
    const writer = await begin();
    // One read of the log returns at most half a megabyte, so these deltas need several reads.
    const parts = Array.from({ length: 4 }, (_, n) => String(n).repeat(300_000));
    for (const part of parts) await writer.say(part);
    relay.close();
    const shown = watch(open());
    await eventually(() => shown.length === 6);
    await writer.complete();
    await eventually(() => shown.length === 7);
    expect(shown.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(shown.at(-1)).toMatchObject({ type: "completed", text: parts.join("") });
  });
  it("is another one when its token is not valid any more, and the connection comes about", async () => {
    const session = { token: "nonsense", user: "u", expiresAt: Date.now() + 3_600_000 };
    storage.setItem(`docrelay:session:${edgeUrl(1)}`, JSON.stringify(session));
    const other = open({ url: edgeUrl(1) });
    await eventually(() => other.state === "online");
    expect(await user(other)).not.toBe("u");
  });
});

describe("a file", () => {
  const bytes = new Uint8Array(
    Buffer.concat([Buffer.from(makePdf({ pages: ["Some words"] })), Buffer.alloc(20_000, " ")]),
  );
  const file = { name: "a.pdf", type: "application/pdf", bytes };
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const uploads = async (): Promise<number> =>
    [...(await edges.dump()).keys()].filter((key) => key.includes(":up:")).length;

  it("arrives byte for byte, with progress, and once for two asks", async () => {
    const told: AskProgress[] = [];
    const conversation = relay.conversation("c");
    const shown = watch(relay);
    const asks = ["one", "two"].map((message) =>
      conversation.ask(message, { files: [file], onProgress: (progress) => told.push(progress) }),
    );
    await Promise.all(asks.map(async ({ accepted }) => accepted));
    await eventually(() => shown.length === 2);
    const named = { files: [{ name: "a.pdf", size: bytes.length, sha256 }] };
    expect(shown).toMatchObject([named, named]);
    expect(await uploads()).toBe(1);
    expect(told).toContainEqual({ stage: "uploading", file: 0, sent: bytes.length, size: bytes.length });
  });
  it("goes on over broken connections", async () => {
    line.slice(700);
    line.bandwidth(60_000);
    let sent = 0;
    const uploading = relay.upload(file, { onProgress: (now) => (sent = now) });
    await eventually(() => sent > 2000);
    line.reset();
    await eventually(() => sent > 8000);
    line.reset();
    line.bandwidth(0);
    const { upload } = await uploading;
    const shown = watch(relay);
    await relay.conversation("c").ask("?", { files: [{ upload }] }).accepted;
    await eventually(() => shown.length === 1);
    expect(shown[0]).toMatchObject({ files: [{ sha256 }] });
  });
  it("that is no PDF is refused by its bytes, and named by its place in the ask", async () => {
    const other = { ...file, bytes: new TextEncoder().encode("not a PDF") };
    const { upload } = await relay.upload(file);
    const asked = relay.conversation("c").ask("?", { files: [{ upload }, other] });
    await expect(asked.accepted).rejects.toMatchObject({ code: "FILE_TYPE_UNSUPPORTED", wire: { file: 1 } });
  });
  it("that the server no longer has is uploaded again", async () => {
    await relay.upload(file);
    for (const key of (await edges.dump()).keys()) if (key.includes(":up:")) await edges.store.redis.del(key);
    await relay.conversation("c").ask("?", { files: [file] }).accepted;
    const asked = relay.conversation("c").ask("?", { files: [{ upload: "gone" }] });
    await expect(asked.accepted).rejects.toMatchObject({ code: "NOT_FOUND", wire: { file: 0 } });
  });
});

it("what is closed ends: answers, iterables and listeners", async () => {
  const conversation = relay.conversation("c");
  const asked = conversation.ask("?");
  await asked.accepted;
  const all = Array.fromAsync(conversation.events());
  conversation.close();
  await expect(asked.text()).rejects.toThrow("closed");
  expect((await all).length).toBeLessThanOrEqual(1);
  await answer(["to nobody here"]);
  const again = watch(relay);
  await eventually(() => again.at(-1)?.type === "completed");
});

describe("an upload", () => {
  it("is followed from any connection of its user until its text is ready, over a broken line", async () => {
    const { upload } = await relay.upload({ name: "a.pdf", bytes: makePdf({ pages: ["Words"] }) });
    const stages: string[] = [];
    relay.onUpload(upload, ({ stage }) => stages.push(stage));
    await eventually(() => stages.at(-1) === "queued");
    const elsewhere = open({ url: edgeUrl(1), token: await edges.token(await user()) });
    const other: UploadStatus[] = [];
    elsewhere.onUpload(upload, (status) => other.push(status));
    await eventually(() => other.length > 0);
    line.cut();
    await eventually(() => relay.state !== "online");
    const { text = "" } = (await readUpload(edges.store, await user(), upload)) ?? {};
    const rest = { chars: 5, missing: [], ocr: [], truncated: false, extractMs: 1 };
    await writeText(edges.store, text, { kind: "text", pages: ["Words"], ...rest });
    await publishHint(edges.store, hintsOfText(text), { kind: "look" });
    await eventually(() => other.at(-1)?.stage === "ready");
    expect(other.at(-1)).toEqual({ upload, stage: "ready", pages: 1, chars: 5, missing: [] });
    expect(stages.at(-1)).toBe("queued");
    line.heal();
    await eventually(() => stages.at(-1) === "ready");
  });
});
