import { createBlobStore, releaseBytes } from "@docrelay/channel";
import { makePdf } from "@docrelay/testkit";
import { uploadChunkAckSchema, uploadStartAckSchema } from "@docrelay/protocol";
import { afterEach, describe, expect, it } from "vitest";
import { heard, useEdges, type Answer, type Client } from "../../test/fixture.ts";

const CHUNK = 4096;
const relay = useEdges({ count: 2, env: { CHUNK_BYTES: String(CHUNK), MAX_USER_BLOB_BYTES: "200000" } });

/** Makes a PDF whose size is three chunks and 100 bytes. */
function pdf(text = "Some words"): Buffer {
  const plain = Buffer.from(makePdf({ pages: [text] }));
  return Buffer.concat([plain, Buffer.alloc(3 * CHUNK + 100 - plain.length, " ")]);
}
const start = (client: Client, bytes: Buffer, more: object = {}): Promise<Answer> =>
  client.send("upload:start", { upload: "u", name: "a.pdf", type: "application/pdf", size: bytes.length, ...more });
const chunk = (client: Client, bytes: Buffer, n: number, more: object = {}): Promise<Answer> =>
  client.send("upload:chunk", {
    upload: "u",
    offset: n * CHUNK,
    bytes: bytes.subarray(n * CHUNK, (n + 1) * CHUNK),
    ...more,
  });
async function upload(client: Client, bytes: Buffer, id = "u"): Promise<Answer[]> {
  await start(client, bytes, { upload: id });
  const answers: Answer[] = [];
  for (let n = 0; n * CHUNK < bytes.length; n++) answers.push(await chunk(client, bytes, n, { upload: id }));
  return answers;
}
const blobs = async (): Promise<string[]> => [...(await relay.dump()).keys()].filter((key) => key.startsWith("blob:"));
const held = async (): Promise<string> => (await relay.dump()).get("{blobs}:total") ?? "0";

async function extractions(): Promise<number> {
  return [...(await relay.dump()).keys()].filter((key) => /^\{bull\}:extract:[\w-]{32}$/.test(key)).length;
}

describe("an upload", () => {
  it("comes in chunks, and may be asked about when it is whole", async () => {
    const client = await relay.client();
    const bytes = pdf();
    expect(uploadStartAckSchema.parse(await start(client, bytes))).toEqual({
      ok: true,
      upload: "u",
      offset: 0,
      chunkBytes: CHUNK,
    });
    expect(await client.ask("early", { files: [{ upload: "u" }] })).toMatchObject({
      error: { code: "NOT_FOUND", file: 0 },
    });
    for (const n of [0, 1, 2]) {
      const answer = uploadChunkAckSchema.parse(await chunk(client, bytes, n));
      expect(answer).toEqual({ ok: true, offset: (n + 1) * CHUNK, done: false });
    }
    expect(await chunk(client, bytes, 3)).toEqual({ ok: true, offset: bytes.length, done: true });
    for (const ask of ["one", "two"]) {
      expect(await client.ask(ask, { files: [{ upload: "u" }], conversation: ask })).toMatchObject({ ok: true });
    }
    expect(await heard(client, 2)).toMatchObject([
      { type: "accepted", files: [{ name: "a.pdf", size: bytes.length, upload: "u" }] },
      { type: "accepted", files: [{ name: "a.pdf", size: bytes.length }] },
    ]);
  });

  it("goes on where it was, on another edge", async () => {
    const [one, two] = [await relay.client(relay.edges[0]), await relay.client(relay.edges[1])];
    const bytes = pdf();
    await start(one, bytes);
    await chunk(one, bytes, 0);
    await chunk(one, bytes, 1);
    expect(await start(two, bytes)).toMatchObject({ ok: true, offset: 2 * CHUNK });
    await chunk(two, bytes, 2);
    expect(await chunk(two, bytes, 3)).toMatchObject({ done: true });
    expect(await start(one, bytes)).toMatchObject({ ok: true, offset: bytes.length });
    expect(await one.ask("one", { files: [{ upload: "u" }] })).toMatchObject({ ok: true });
  });

  it("takes four chunks at once, in order, and each of them again", async () => {
    const client = await relay.client();
    const bytes = pdf();
    await start(client, bytes);
    const answers = await Promise.all([0, 1, 2, 3].map((n) => chunk(client, bytes, n)));
    expect(answers.map(({ ok }) => ok)).toEqual([true, true, true, true]);
    expect(answers.at(-1)).toMatchObject({ offset: bytes.length, done: true });
    const again = await Promise.all([3, 0, 2, 1].map((n) => chunk(client, bytes, n)));
    expect(again).toEqual(again.map(() => ({ ok: true, offset: bytes.length, done: true })));
  });

  it("says which byte comes next after a hole, and goes on", async () => {
    const client = await relay.client();
    const bytes = pdf();
    await start(client, bytes);
    await chunk(client, bytes, 0);
    expect(await chunk(client, bytes, 2)).toMatchObject({
      error: { code: "BAD_MESSAGE", reason: "offset", expectedOffset: CHUNK },
    });
    // A wrong offset does not count as misuse: a client that has lost acknowledgements may send many of them.
    for (let n = 0; n < 25; n++) await chunk(client, bytes, 3);
    expect(await chunk(client, bytes, 1)).toMatchObject({ ok: true, offset: 2 * CHUNK });
  });

  it("whose last chunk was stored by an edge that died is finished by the next", async () => {
    const client = await relay.client();
    const bytes = pdf();
    await upload(client, bytes);
    const [key = ""] = [...(await relay.dump()).keys()].filter((name) => name.includes(":up:"));
    await relay.store.redis.hset(key, "done", 0);
    await relay.store.redis.hdel(key, "sha256", "text");
    expect(await client.ask("one", { files: [{ upload: "u" }] })).toMatchObject({ error: { code: "NOT_FOUND" } });
    expect(await start(client, bytes)).toMatchObject({ offset: bytes.length });
    expect(await chunk(client, bytes, 3)).toMatchObject({ ok: true, done: true });
    expect(await client.ask("one", { files: [{ upload: "u" }] })).toMatchObject({ ok: true });
  });

  it("whose bytes are not whole at its end begins anew under the same id", async () => {
    const client = await relay.client();
    const bytes = pdf();
    await start(client, bytes);
    for (const n of [0, 1, 2]) await chunk(client, bytes, n);
    const [blob = ""] = await blobs();
    await relay.store.redis.hdel(blob, String(CHUNK));
    expect(await chunk(client, bytes, 3)).toMatchObject({ error: { code: "FILE_CORRUPT" } });
    expect([await blobs(), await held()]).toEqual([[], "0"]);
    expect(await start(client, bytes)).toMatchObject({ ok: true, offset: 0 });
    expect((await upload(client, bytes)).at(-1)).toMatchObject({ ok: true, done: true });
  });

  it("of the same bytes is kept once for a user, and nothing tells another user that they are known", async () => {
    const [one, two] = [await relay.client(), await relay.client(relay.edges[1])];
    const stranger = await relay.client(relay.edges[1], "stranger");
    const bytes = pdf();
    await upload(one, bytes, "first");
    await upload(two, bytes, "second");
    expect(await blobs()).toHaveLength(1);
    expect(await held()).toBe(String(bytes.length));
    await upload(stranger, bytes);
    for (const client of [one, two]) {
      const files = [{ upload: client === one ? "first" : "second" }];
      expect(await client.ask(client === one ? "a" : "b", { files })).toMatchObject({ ok: true });
    }
    expect(await stranger.ask("a", { files: [{ upload: "u" }] })).toMatchObject({ ok: true });
    expect([await extractions(), (await blobs()).length]).toEqual([2, 2]);
  });

  it("of the same bytes is extracted once for all users with TEXT_SCOPE=all", async () => {
    const edge = await relay.start({ TEXT_SCOPE: "all" });
    const bytes = pdf();
    for (const user of ["one", "two"]) await upload(await relay.client(edge, user), bytes);
    await edge.stop();
    expect([await extractions(), (await blobs()).length]).toEqual([1, 1]);
  });

  it("is its user's alone", async () => {
    const [owner, stranger] = [await relay.client(), await relay.client(undefined, "stranger")];
    const bytes = pdf();
    await upload(owner, bytes);
    const notFound = { ok: false, error: { code: "NOT_FOUND" } };
    expect(await stranger.ask("a", { files: [{ upload: "u" }] })).toMatchObject(notFound);
    expect(await chunk(stranger, bytes, 0)).toMatchObject(notFound);
    expect(await start(stranger, bytes)).toMatchObject({ ok: true, offset: 0 });
  });
});

describe("an upload is refused", () => {
  it("by its first bytes when it is no PDF, and takes no room then", async () => {
    const client = await relay.client();
    const bytes = Buffer.alloc(2 * CHUNK, "\x89PNG");
    await start(client, bytes);
    expect(await chunk(client, bytes, 0)).toMatchObject({ error: { code: "FILE_TYPE_UNSUPPORTED" } });
    expect(await chunk(client, bytes, 0)).toMatchObject({ error: { code: "NOT_FOUND" } });
    expect([await blobs(), await held()]).toEqual([[], "0"]);
    const good = pdf();
    expect(await start(client, good)).toMatchObject({ ok: true, offset: 0 });
    expect((await upload(client, good)).at(-1)).toMatchObject({ ok: true, done: true });
    expect(await held()).toBe(String(good.length));
  });

  it("however small its first chunk is", async () => {
    const client = await relay.client();
    const bytes = pdf();
    await start(client, bytes);
    const first = { upload: "u", offset: 0, bytes: bytes.subarray(0, 3) };
    expect(await client.send("upload:chunk", first)).toMatchObject({ ok: true, offset: 3, done: false });
    const rest = { upload: "u", offset: 3, bytes: bytes.subarray(3, 3 + CHUNK) };
    expect(await client.send("upload:chunk", rest)).toMatchObject({ ok: true, offset: 3 + CHUNK });

    await start(client, bytes, { upload: "bad", size: 2000 });
    await client.send("upload:chunk", { upload: "bad", offset: 0, bytes: Buffer.from("x") });
    const bad = { upload: "bad", offset: 1, bytes: Buffer.alloc(1999) };
    expect(await client.send("upload:chunk", bad)).toMatchObject({ error: { code: "FILE_TYPE_UNSUPPORTED" } });
  });

  it.each([
    ["with a bad name", { name: "a\nb.pdf" }, "FILE_NAME_INVALID"],
    ["with too many bytes", { size: 26_214_401 }, "PAYLOAD_TOO_LARGE"],
    ["with none", { size: 0 }, "FILE_TYPE_UNSUPPORTED"],
    ["with a negative size", { size: -1 }, "BAD_MESSAGE"],
    ["with an id that is a path", { upload: "../u" }, "BAD_MESSAGE"],
    ["above the user's share", { size: 200_001 }, "QUOTA_EXCEEDED"],
  ])("%s", async (_name, more, code) => {
    const client = await relay.client();
    expect(await start(client, pdf(), more)).toMatchObject({ ok: false, error: { code } });
    expect(await held()).toBe("0");
  });

  it("when its chunks do not fit it", async () => {
    const client = await relay.client();
    const bytes = pdf();
    const send = (more: object): Promise<Answer> => chunk(client, bytes, 0, more);
    expect(await send({ upload: "unknown" })).toMatchObject({ error: { code: "NOT_FOUND" } });
    await start(client, bytes, { size: 1000 });
    expect(await send({})).toMatchObject({ error: { code: "FILE_CORRUPT" } });
    expect(await send({ bytes: Buffer.alloc(CHUNK + 1) })).toMatchObject({ error: { code: "PAYLOAD_TOO_LARGE" } });
    expect(await send({ bytes: Buffer.alloc(0) })).toMatchObject({ error: { code: "BAD_MESSAGE" } });
    expect(await send({ offset: 0.5 })).toMatchObject({ error: { code: "BAD_MESSAGE" } });
    expect(await start(client, bytes, { name: "other.pdf", size: 1000 })).toMatchObject({
      error: { code: "ASK_CONFLICT" },
    });
  });

  it("when a user's share is used up, and goes on when there is room", async () => {
    const client = await relay.client();
    for (let n = 0; n < 2; n++)
      expect(await start(client, pdf(), { upload: `u${n}`, size: 90_000 })).toMatchObject({ ok: true });
    const over = { upload: "u3", size: 90_000 };
    expect(await start(client, pdf(), over)).toMatchObject({
      error: { code: "QUOTA_EXCEEDED", retryable: true, resetAt: expect.any(Number) },
    });
    await chunk(client, Buffer.alloc(CHUNK), 0, { upload: "u0" });
    expect(await start(client, pdf(), over)).toMatchObject({ ok: true });
  });
});

describe("everybody's share", () => {
  it("refuses a chunk for which there is no room before any byte is stored, and takes it when there is", async () => {
    const edge = await relay.start({ MAX_BLOB_BYTES: "200000", CHUNK_BYTES: "65536" });
    const client = await relay.client(edge);
    const bytes = Buffer.concat([pdf(), Buffer.alloc(150_000)]).subarray(0, 150_000);
    const part = (n: number): Promise<Answer> => {
      const [from, to] = [n * 60_000, (n + 1) * 60_000];
      return client.send("upload:chunk", { upload: "u", offset: from, bytes: bytes.subarray(from, to) });
    };
    expect(await start(client, bytes, { size: bytes.length })).toMatchObject({ ok: true });
    await start(await relay.client(edge, "another"), bytes, { size: bytes.length });
    expect(await part(0)).toMatchObject({ ok: true });
    const answers = await Promise.all([part(1), part(2)]);
    expect(answers.map(({ error }) => error?.code)).toEqual(["BUSY", "BUSY"]);
    const [blob = ""] = await blobs();
    expect(await relay.store.redis.hlen(blob)).toBe(1);
    for (const name of await relay.store.redis.zrange("{blobs}:expiry", 0, "-1"))
      if (!blob.includes(name)) await releaseBytes(relay.store, createBlobStore("redis", relay.store), name);
    expect(await start(client, bytes, { size: bytes.length })).toMatchObject({ offset: 60_000 });
    expect(await Promise.all([part(1), part(2)])).toMatchObject([{ ok: true }, { ok: true, done: true }]);
  });

  afterEach(async () => void (await relay.edges.at(-1)?.stop()));
  it("is never exceeded, however many come at once", async () => {
    const edge = await relay.start({ MAX_BLOB_BYTES: "100000" });
    const clients = await Promise.all(Array.from({ length: 20 }, (_, n) => relay.client(edge, `user-${n}`)));
    const bytes = pdf();
    const answers = await Promise.all(clients.map((client) => start(client, bytes)));
    expect(answers.filter(({ ok }) => ok)).toHaveLength(Math.floor(87_500 / bytes.length));
    expect(answers.find(({ ok }) => !ok)).toMatchObject({ error: { code: "BUSY", retryable: true } });
    expect(Number(await held())).toBeLessThanOrEqual(87_500);
    // `MAX_BLOB_BYTES` is 100,000, of which uploads may use 87,500. The last eighth is for small files inside an ask.
    const inline = makePdf({ pages: ["A small file"] });
    const files = [{ name: "a.pdf", type: "application/pdf", bytes: Buffer.from(inline) }];
    expect(await clients[0]?.ask("inline", { files })).toMatchObject({ ok: true });
  });
});
