import {
  createBlobStore,
  ownUploads,
  readText,
  readUpload,
  releaseBytes,
  writeText,
  type StoredText,
} from "@docrelay/channel";
import { connect, memoryStorage } from "@docrelay/client";
import { eventually, makePdf } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { CONVERSATION, useEdges, USER } from "../../../test/fixture.ts";
import { refusal } from "../../../test/http-client.ts";

const relay = useEdges({ count: 2, env: { CHUNK_BYTES: "1024", MAX_FILE_BYTES: "100000" } });
const pdf = Buffer.concat([
  makePdf({ pages: ["The lighthouse was painted green in 1931."] }),
  Buffer.alloc(10_000, 32),
]);

interface Call extends RequestInit {
  readonly user?: string;
  readonly edge?: number;
  readonly headers?: Record<string, string>;
}
async function call(path: string, { user = USER, edge = 0, headers, ...init }: Call = {}): Promise<Response> {
  const authorization = `Bearer ${await relay.token(user)}`;
  const url = `http://127.0.0.1:${relay.edges[edge]?.port}/v1/uploads${path}`;
  return fetch(url, { ...init, headers: { authorization, ...headers } });
}
const post = (body: Uint8Array | ReadableStream, path = "?name=a.pdf", headers: Record<string, string> = {}) =>
  call(path, { method: "POST", body: body as NonNullable<RequestInit["body"]>, headers, ...{ duplex: "half" } });
async function uploaded(body: Uint8Array | ReadableStream = pdf): Promise<string> {
  const response = await post(body);
  expect(response.status).toBe(200);
  return ((await response.json()) as { upload: string }).upload;
}
/** Stores the outcome of a file's extraction, as a worker does. */
async function extracted(upload: string, text: StoredText): Promise<void> {
  const state = await readUpload(relay.store, USER, upload);
  await writeText(relay.store, state?.text ?? "", text);
}
const text: StoredText = {
  kind: "text",
  pages: ["first", "second"],
  chars: 11,
  missing: [],
  ocr: [],
  truncated: false,
  extractMs: 1,
};

describe("POST /v1/uploads", () => {
  it("stores a file that asks may name, whether its size is told or not", async () => {
    const client = await relay.client(relay.edges[1]);
    for (const body of [pdf, new Blob([Uint8Array.from(pdf)]).stream()]) {
      const upload = await uploaded(body);
      const ask = await client.ask(upload, { files: [{ upload }], conversation: upload });
      expect(ask).toMatchObject({ ok: true });
      expect(await readUpload(relay.store, USER, upload)).toMatchObject({
        name: "a.pdf",
        size: pdf.length,
        done: true,
      });
    }
  });

  it("sent again with its key is one upload; of another file it is refused", async () => {
    const key = { "idempotency-key": "u1" };
    for (let n = 0; n < 2; n++) expect(await (await post(pdf, "?name=a.pdf", key)).json()).toEqual({ upload: "u1" });
    expect(await refusal(await post(pdf.subarray(0, 5000), "?name=a.pdf", key))).toEqual([409, "ASK_CONFLICT"]);
    const other = Buffer.concat([pdf.subarray(0, -1), Buffer.from("x")]);
    expect(await refusal(await post(other, "?name=a.pdf", key))).toEqual([409, "ASK_CONFLICT"]);
    expect(await refusal(await post(pdf, "?name=b.pdf", key))).toEqual([409, "ASK_CONFLICT"]);
    const unsized = new Blob([Uint8Array.from(pdf)]).stream();
    expect(await (await post(unsized, "?name=a.pdf", key)).json()).toEqual({ upload: "u1" });
  });

  it.each([
    ["too large", Buffer.concat([pdf, Buffer.alloc(100_000)]), "?name=a.pdf", 413, "PAYLOAD_TOO_LARGE"],
    ["no PDF", Buffer.alloc(5000, 120), "?name=a.pdf", 415, "FILE_TYPE_UNSUPPORTED"],
    ["empty", Buffer.alloc(0), "?name=a.pdf", 415, "FILE_TYPE_UNSUPPORTED"],
    ["without a name", pdf, "?name=", 422, "FILE_NAME_INVALID"],
  ])("refuses a file that is %s", async (_, body, path, status, code) => {
    expect(await refusal(await post(body, path))).toEqual([status, code]);
    if (body.length > 0)
      expect(await refusal(await post(new Blob([Uint8Array.from(body)]).stream(), path))).toEqual([status, code]);
    expect(await relay.store.redis.keys("*:up:*")).toEqual([]);
  });

  it("needs a token", async () => {
    const url = `http://127.0.0.1:${relay.edges[0]?.port}/v1/uploads`;
    expect(await refusal(await fetch(url, { method: "POST", body: "x" }))).toEqual([401, "AUTH_REQUIRED"]);
  });
});

describe("GET /v1/uploads/:id", () => {
  it("sends the bytes, whole or a range of them", async () => {
    const upload = await uploaded();
    const whole = await call(`/${upload}`, { edge: 1 });
    expect(Buffer.from(await whole.arrayBuffer()).equals(pdf)).toBe(true);
    expect(whole.headers.get("content-disposition")).toBe("attachment; filename*=UTF-8''a.pdf");
    expect(whole.headers.get("x-content-type-options")).toBe("nosniff");
    const etag = whole.headers.get("etag") ?? "";
    const part = await call(`/${upload}`, { headers: { range: "bytes=1000-3000", "if-range": etag } });
    expect([part.status, part.headers.get("content-range")]).toEqual([206, `bytes 1000-3000/${pdf.length}`]);
    expect(Buffer.from(await part.arrayBuffer()).equals(pdf.subarray(1000, 3001))).toBe(true);
    expect((await call(`/${upload}`, { headers: { range: "bytes=0-1", "if-range": '"other"' } })).status).toBe(200);
    const beyond = await call(`/${upload}`, { headers: { range: "bytes=99999-" } });
    expect([beyond.status, beyond.headers.get("content-range")]).toEqual([416, `bytes */${pdf.length}`]);
  });

  it("says when the bytes are no longer kept, and nothing to others", async () => {
    const upload = await uploaded();
    for (const path of [`/${upload}`, `/${upload}/text`, "/never"]) {
      expect(await refusal(await call(path, { user: "another" }))).toEqual([404, "NOT_FOUND"]);
    }
    const blobs = await relay.store.redis.keys("blob*");
    expect(blobs.length).toBeGreaterThan(0);
    await relay.store.redis.del(blobs);
    expect(await refusal(await call(`/${upload}`))).toEqual([410, "RESUME_LOST"]);
  });
});

describe("GET /v1/uploads/:id/text", () => {
  it("waits for the text, and sends it in either format", async () => {
    const upload = await uploaded();
    const waiting = call(`/${upload}/text`);
    await extracted(upload, text);
    const response = await waiting;
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(await response.text()).toBe("first\nsecond");
    const markdown = await call(`/${upload}/text?format=markdown`, { edge: 1 });
    expect(await markdown.text()).toBe("## Page 1\n\nfirst\n\n## Page 2\n\nsecond\n");
    const json = await call(`/${upload}/text`, { headers: { accept: "application/json" } });
    expect(await json.json()).toEqual({ pages: ["first", "second"], missing: [], ocr: [], truncated: false });
    expect(await refusal(await call(`/${upload}/text?format=html`))).toEqual([400, "BAD_MESSAGE"]);
  });

  it("names the pages that are not in it, and is nothing to others", async () => {
    const upload = await uploaded();
    await extracted(upload, { ...text, pages: ["first", ""], missing: [{ page: 2, reason: "scan" }] });
    const url = `http://127.0.0.1:${relay.edges[0]?.port}`;
    const sdk = (user: string) => connect({ url, token: () => relay.token(user), storage: memoryStorage() });
    const [own, another] = [sdk(USER), sdk("another")];
    try {
      const read = { pages: ["first", ""], missing: [{ page: 2, reason: "scan" }], ocr: [], truncated: false };
      expect(await own.uploads.text(upload)).toEqual(read);
      await expect(another.uploads.text(upload)).rejects.toMatchObject({ code: "NOT_FOUND" });
    } finally {
      for (const client of [own, another]) client.close();
    }
    const markdown = await call(`/${upload}/text?format=markdown`);
    expect(await markdown.text()).toBe("## Page 1\n\nfirst\n\n## Page 2\n\n*Not read: scan*\n");
  });

  it("is refused when it can never come", async () => {
    const upload = await uploaded();
    const { text: key = "", ref = "" } = (await readUpload(relay.store, USER, upload)) ?? {};
    await releaseBytes(relay.store, createBlobStore("redis", relay.store), ref);
    await relay.store.redis.del(`{bull}:extract:${key}`);
    await relay.store.redis.zrem("{bull}:extract:prioritized", key);
    expect(await refusal(await call(`/${upload}/text`))).toEqual([410, "RESUME_LOST"]);
  });

  it("says why there is none", async () => {
    const upload = await uploaded();
    await extracted(upload, { kind: "failed", code: "PDF_ENCRYPTED", permanent: true });
    expect(await refusal(await call(`/${upload}/text`))).toEqual([422, "PDF_ENCRYPTED"]);
  });
});

describe("a file that the machine was too busy to read", () => {
  it("is extracted anew for the next ask", async () => {
    const upload = await uploaded();
    await extracted(upload, { kind: "failed", code: "BUSY", reason: "time", permanent: false });
    const response = await call(`/${upload}/text`);
    expect(await response.clone().json()).toMatchObject({
      error: { retryable: true, message: expect.stringContaining("too busy to read") },
    });
    expect(await refusal(response)).toEqual([503, "BUSY"]);
    const client = await relay.client();
    expect(await client.ask("one", { files: [{ upload }] })).toMatchObject({ ok: true });
    const { text: key = "" } = (await readUpload(relay.store, USER, upload)) ?? {};
    expect(await readText(relay.store, key)).toBeUndefined();
  });
});

describe("DELETE /v1/uploads/:id", () => {
  it("forgets the upload; an accepted ask keeps its file until it ends", async () => {
    const upload = await uploaded();
    const client = await relay.client();
    expect(await client.ask("one", { files: [{ upload }] })).toMatchObject({ ok: true });
    expect(await refusal(await call(`/${upload}`, { method: "DELETE", user: "another" }))).toEqual([404, "NOT_FOUND"]);
    await extracted(upload, text);
    const isThere = async (): Promise<boolean> => (await relay.store.redis.keys("text:*")).length > 0;
    for (let tries = 0; tries < 2; tries++) expect((await call(`/${upload}`, { method: "DELETE" })).status).toBe(204);
    expect(await client.ask("two", { files: [{ upload }] })).toMatchObject({ error: { code: "NOT_FOUND" } });
    await eventually(() => client.events.some(({ ask, type }) => ask === "one" && type === "accepted"));
    expect(await isThere()).toBe(true);
    await relay.answer(CONVERSATION, ["An answer."]);
    await eventually(async () => !(await isThere()), { what: "the end of the text" });
    // The upload stays listed until its text and its bytes are removed.
    await eventually(async () => (await ownUploads(relay.store, USER)).length === 0, { what: "the end of the upload" });
    expect(await refusal(await call(`/${upload}`, { method: "DELETE" }))).toEqual([404, "NOT_FOUND"]);
  });

  it("drops an upload that has not arrived whole", async () => {
    const client = await relay.client(relay.edges[1]);
    const begun = { upload: "half", name: "a.pdf", type: "", size: 5000 };
    expect(await client.send("upload:start", begun)).toMatchObject({ ok: true });
    expect((await call("/half", { method: "DELETE" })).status).toBe(204);
    expect(await readUpload(relay.store, USER, "half")).toBeUndefined();
    expect(await refusal(await call("/half", { method: "DELETE" }))).toEqual([404, "NOT_FOUND"]);
  });
});
