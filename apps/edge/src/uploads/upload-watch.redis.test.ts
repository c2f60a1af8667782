import {
  createBlobStore,
  hintsOfText,
  publishHint,
  readUpload,
  releaseBytes,
  writeText,
  type StoredText,
} from "@docrelay/channel";
import { uploadHintSchema, uploadStatusAckSchema, type UploadStatus } from "@docrelay/protocol";
import { eventually, makePdf, watchCommands } from "@docrelay/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { useEdges, USER, type Answer, type Client } from "../../test/fixture.ts";
import { createUploadWatch, type UploadWatchDeps } from "./upload-watch.ts";

const relay = useEdges({ count: 2 });
const PDF = Buffer.from(makePdf({ pages: ["Some words"] }));
const missing = [{ page: 2, reason: "scan" as const }];
const TEXT: StoredText = {
  kind: "text",
  pages: ["some words", ""],
  chars: 10,
  missing,
  ocr: [],
  truncated: false,
  extractMs: 5,
};

const start = (client: Client, upload = "u", size = PDF.length): Promise<Answer> =>
  client.send("upload:start", { upload, name: "a.pdf", type: "application/pdf", size });
const chunk = (client: Client, bytes: Uint8Array, upload = "u", offset = 0): Promise<Answer> =>
  client.send("upload:chunk", { upload, offset, bytes });
const status = async (client: Client, upload = "u"): Promise<UploadStatus> =>
  uploadStatusAckSchema.parse(await client.send("upload:status", { upload })) as UploadStatus & { ok: true };
const hints = ({ said }: Client): UploadStatus[] =>
  said.flatMap(([name, payload]) => (name === "upload" ? [uploadHintSchema.parse(payload)] : []));
const stages = (client: Client): string[] => hints(client).map(({ stage }) => stage);
const textOf = async (upload = "u"): Promise<string> => (await readUpload(relay.store, USER, upload))?.text ?? "";
const jobs = async (): Promise<number> =>
  [...(await relay.dump()).keys()].filter((key) => /^\{bull\}:extract:[\w-]{32}$/.test(key)).length;

/** Ends an extraction as a worker does: stores the outcome, then sends the hint about it. */
async function end(upload: string, outcome: StoredText): Promise<void> {
  const text = await textOf(upload);
  await writeText(relay.store, text, outcome);
  await publishHint(relay.store, hintsOfText(text), { kind: "look" });
}

/** Returns a function that returns how often an edge has read the state of a job since the call of `countStates`. */
async function countStates(): Promise<() => number> {
  const watched = await watchCommands(relay.store.redis.options);
  onTestFinished(() => watched[Symbol.dispose]());
  return () => watched.lines.filter((line) => /"evalsha" "\w+" "\d+" "\{bull\}:extract:completed"/i.test(line)).length;
}

describe("an upload", () => {
  it("tells the connections that have named it, on any edge, how far it is", async () => {
    const [one, two] = [await relay.client(relay.edges[0]), await relay.client(relay.edges[1])];
    const bystander = await relay.client();
    await start(one, "u");
    await chunk(one, PDF.subarray(0, 100));
    expect(await status(two)).toEqual({ ok: true, upload: "u", stage: "receiving" });
    await chunk(one, PDF.subarray(100), "u", 100);
    for (const client of [one, two]) await eventually(() => stages(client).includes("queued"));
    const text = await textOf();
    await publishHint(relay.store, hintsOfText(text), { kind: "page", page: 1, pages: 2 });
    for (const client of [one, two]) await eventually(() => stages(client).includes("extracting"));
    await end("u", TEXT);
    for (const client of [one, two]) {
      await eventually(() => stages(client).includes("ready"));
      expect(hints(client)).toEqual([
        { upload: "u", stage: "queued" },
        { upload: "u", stage: "extracting", page: 1, pages: 2 },
        { upload: "u", stage: "ready", pages: 2, chars: 10, missing },
      ]);
    }
    expect(await status(bystander)).toEqual({ ok: true, upload: "u", stage: "ready", pages: 2, chars: 10, missing });
    expect(hints(bystander)).toEqual([]);
    // No edge is subscribed to hints about the upload any more.
    const channels = (await relay.store.redis.pubsub("SHARDCHANNELS", "hint:*")) as string[];
    expect(channels.filter((name) => !name.startsWith("hint:users:"))).toEqual([]);
  });

  it("asks the queue once about an extraction, however many look", async () => {
    const client = await relay.client(relay.edges[0]);
    const asked = await countStates();
    await start(client, "u");
    await chunk(client, PDF);
    await eventually(() => stages(client).includes("queued"));
    const text = await textOf();
    await publishHint(relay.store, hintsOfText(text), { kind: "begun" });
    await eventually(() => stages(client).includes("extracting"));
    await end("u", TEXT);
    await eventually(() => stages(client).includes("ready"));
    expect(stages(client)).toEqual(["queued", "extracting", "ready"]);
    expect(asked()).toBe(1);
  });

  it("is ready with its last byte when its text is known", async () => {
    const client = await relay.client();
    await start(client, "first");
    await chunk(client, PDF, "first");
    await end("first", TEXT);
    await start(client, "again");
    await chunk(client, PDF, "again");
    await eventually(() => hints(client).some(({ upload, stage }) => upload === "again" && stage === "ready"));
    expect(hints(client).filter(({ upload }) => upload === "again")).toHaveLength(1);
  });

  it("of another user is unknown", async () => {
    const [owner, stranger] = [await relay.client(), await relay.client(undefined, "stranger")];
    await start(owner);
    expect(await stranger.send("upload:status", { upload: "u" })).toMatchObject({ error: { code: "NOT_FOUND" } });
    await chunk(owner, PDF);
    await end("u", TEXT);
    await eventually(() => stages(owner).includes("ready"));
    expect(hints(stranger)).toEqual([]);
  });

  it("fails with the reason for which there is no text", async () => {
    const client = await relay.client();
    await start(client);
    await chunk(client, PDF);
    await end("u", { kind: "failed", code: "PDF_ENCRYPTED", permanent: true });
    await eventually(() => stages(client).includes("failed"));
    const error = { code: "PDF_ENCRYPTED", retryable: false };
    expect(hints(client).at(-1)).toMatchObject({ upload: "u", stage: "failed", error });
    expect(await status(client)).toMatchObject({ stage: "failed", error });
  });

  it("that is no PDF is refused with its first chunk, and fails for the others", async () => {
    const [one, two] = [await relay.client(relay.edges[0]), await relay.client(relay.edges[1])];
    await start(one, "u", 100_000);
    await status(two);
    expect(await chunk(one, Buffer.alloc(2048, "PK"))).toMatchObject({ error: { code: "FILE_TYPE_UNSUPPORTED" } });
    await eventually(() => stages(two).includes("failed"));
    expect(hints(two)).toMatchObject([{ stage: "failed", error: { code: "FILE_TYPE_UNSUPPORTED" } }]);
  });

  it("whose bytes and text are gone has failed", async () => {
    const client = await relay.client();
    await start(client);
    await chunk(client, PDF);
    const { ref = "" } = (await readUpload(relay.store, USER, "u")) ?? {};
    await releaseBytes(relay.store, createBlobStore("redis", relay.store), ref);
    const text = await textOf();
    await relay.store.redis.del(`{bull}:extract:${text}`);
    await relay.store.redis.zrem("{bull}:extract:prioritized", text);
    expect(await status(client)).toMatchObject({ stage: "failed", error: { code: "NOT_FOUND" } });
  });

  it("is extracted before it is asked about, but only some of a user's at a time", async () => {
    const client = await relay.client();
    const pdfs = Array.from({ length: 36 }, (_, index) => Buffer.from(makePdf({ pages: [`Number ${index}`] })));
    for (const [index, bytes] of pdfs.entries()) {
      await start(client, `u${index}`, bytes.length);
      await chunk(client, bytes, `u${index}`);
    }
    expect(await jobs()).toBe(32);
    expect(await status(client, "u35")).toMatchObject({ stage: "queued" });
    expect(await jobs()).toBe(32);
    expect(await client.ask("one", { files: [{ upload: "u35" }] })).toMatchObject({ ok: true });
    expect(await jobs()).toBe(33);
    const other = await relay.client(undefined, "other");
    await start(other, "u0", PDF.length);
    await chunk(other, PDF, "u0");
    expect(await jobs()).toBe(34);
  });
});

it("a look at an upload of an ask that fails is told to the operator; that it is gone is not", async () => {
  const client = await relay.client();
  await start(client);
  await chunk(client, PDF);
  const trouble: unknown[] = [];
  const away = new Error("the queue is away");
  const watch = createUploadWatch({
    store: relay.store,
    blobs: createBlobStore("redis", relay.store),
    producer: { state: () => Promise.reject(away) } as unknown as UploadWatchDeps["producer"],
    quotas: { chargedFor: () => [] },
    hints: { channels: 0, listen: () => Promise.reject(new Error("not reached")) },
    onTrouble: (error) => trouble.push(error),
  });
  const listener = { user: USER, uploadHint: () => undefined };
  watch.follow(listener, "unknown");
  watch.follow(listener, "u");
  await eventually(() => trouble.length > 0);
  expect(trouble).toEqual([away]);
});
