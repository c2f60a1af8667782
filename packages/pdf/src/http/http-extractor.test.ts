import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createHttpExtractor, type ExtractOutcome } from "../index.ts";

let asked: { method: string; headers: IncomingMessage["headers"]; body: Buffer }[] = [];
let answer: (response: ServerResponse) => void;
let url = "";
const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on("data", (piece: Buffer) => pieces.push(piece));
  request.on("end", () => {
    asked.push({ method: request.method ?? "", headers: request.headers, body: Buffer.concat(pieces) });
    answer(response);
  });
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/tika`;
});
beforeEach(() => void (asked = []));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const LIMITS = { timeoutMs: 20_000, maxPages: 10, maxTextBytes: 1000 };
const BYTES = Buffer.from("%PDF-1.7 as far as anybody here knows");

async function extract(
  reply: { status?: number; type?: string; body?: string },
  more: { password?: string; onPage?: (page: number, pages: number) => void; limits?: Partial<typeof LIMITS> } = {},
): Promise<ExtractOutcome> {
  answer = (response) => {
    response.writeHead(reply.status ?? 200, { "content-type": reply.type ?? "text/plain; charset=UTF-8" });
    response.end(reply.body ?? "");
  };
  await using extractor = createHttpExtractor({ url, limits: { ...LIMITS, ...more.limits } });
  const { password, onPage } = more;
  return await extractor.extract(
    { bytes: BYTES, ...(password === undefined ? {} : { password }) },
    { signal: new AbortController().signal, ...(onPage ? { onPage } : {}) },
  );
}

describe("an extractor behind HTTP", () => {
  it("is sent the bytes, and the password when there is one", async () => {
    await extract({ body: "text" }, { password: "¡Sésam, öffne dich! 開け" });
    await extract({ body: "text" });
    expect(
      asked.map(({ method, headers }) => [method, headers["content-type"], headers["password_base64_utf-8"]]),
    ).toEqual([
      ["PUT", "application/pdf", Buffer.from("¡Sésam, öffne dich! 開け").toString("base64")],
      ["PUT", "application/pdf", undefined],
    ]);
    expect(asked[0]?.body.equals(BYTES)).toBe(true);
  });

  it("answers with plain text, a form feed between pages", async () => {
    const seen: number[][] = [];
    const outcome = await extract(
      { body: "One\r\n\fT\u0007wo\n\f" },
      { onPage: (page, pages) => seen.push([page, pages]) },
    );
    expect(outcome).toEqual({
      kind: "text",
      pages: ["One", "Two"],
      missing: [],
      ocr: [],
      truncated: false,
      engine: "http",
    });
    expect(seen).toEqual([
      [1, 2],
      [2, 2],
    ]);
  });

  it("answers with Tika's XHTML", async () => {
    const body = `<html xmlns="http://www.w3.org/1999/xhtml"><head><title>not this</title></head><body>
      <div class="page"><p>Tom &amp; Jerry &#8211; &#x1f600;</p><p>a &lt;b&gt; c</p></div>
      <div class="page"></div>
      <div class="page"><table><tr><td>1</td><td>2</td></tr></table></div></body></html>`;
    expect(await extract({ type: "text/html", body })).toMatchObject({
      pages: ["Tom & Jerry – 😀\na <b> c", "", "1\t2"],
      missing: [{ page: 2, reason: "scan" }],
    });
  });

  it.each([
    [422, undefined, { code: "PDF_INVALID" }],
    [415, undefined, { code: "PDF_INVALID" }],
    [401, undefined, { code: "PDF_ENCRYPTED" }],
    [423, "wrong", { code: "PDF_ENCRYPTED", reason: "password" }],
  ])("says by %i what is the matter with the file", async (status, password, expected) => {
    const outcome = await extract({ status }, password === undefined ? {} : { password });
    expect(outcome).toMatchObject({ kind: "failed", permanent: true, ...expected });
  });

  it("is held to the caps", async () => {
    expect(await extract({ body: "\f".repeat(12) + "x" })).toMatchObject({
      code: "PDF_LIMIT_EXCEEDED",
      reason: "pages",
    });
    expect(await extract({ body: "ab ".repeat(100_000) })).toMatchObject({ kind: "text", truncated: true });
    expect(await extract({ body: " \f " })).toMatchObject({ code: "PDF_NO_TEXT" });
  });

  it("is given up when it takes too long, or nobody wants the text any more", async () => {
    answer = () => undefined;
    await using slow = createHttpExtractor({ url, limits: { ...LIMITS, timeoutMs: 50 } });
    expect(await slow.extract({ bytes: BYTES }, { signal: new AbortController().signal })).toEqual({
      kind: "failed",
      code: "PDF_LIMIT_EXCEEDED",
      reason: "time",
      permanent: false,
    });
    await using patient = createHttpExtractor({ url, limits: LIMITS });
    const cancel = new AbortController();
    const reason = new Error("enough");
    answer = () => cancel.abort(reason);
    await expect(patient.extract({ bytes: BYTES }, { signal: cancel.signal })).rejects.toBe(reason);
  });

  it("throws when the server is in trouble: the file is not to blame", async () => {
    await expect(extract({ status: 503 })).rejects.toThrow("answered 503");
    await using nobody = createHttpExtractor({ url: "http://127.0.0.1:1/", limits: LIMITS });
    await expect(nobody.extract({ bytes: BYTES }, { signal: new AbortController().signal })).rejects.toThrow();
  });
});
