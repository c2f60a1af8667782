import { KEYS } from "@docrelay/channel";
import { eventually, makePdf } from "@docrelay/testkit";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { beginHead, CONVERSATION, useEdges, USER } from "../../../test/fixture.ts";
import { form, pdfFile, readStream, refusal, type Stream } from "../../../test/http-client.ts";

const MAX_FILE_BYTES = 100_000;
const relay = useEdges({
  env: {
    CORS_ALLOWED_ORIGINS: "https://app.test",
    CHUNK_BYTES: "1024",
    MAX_FILE_BYTES: String(MAX_FILE_BYTES),
    MAX_MESSAGE_CHARS: "1000",
    MAX_FILES_PER_ASK: "2",
    MAX_ASKS_IN_FLIGHT: "2",
    MAX_SOCKET_BUFFER_BYTES: "65536",
  },
});
const pdf = makePdf({ pages: ["The lighthouse was painted green in 1931."] });
const large = (bytes: number): Buffer => Buffer.concat([Buffer.from("%PDF-1.7\n"), Buffer.alloc(bytes)]);

const url = (edge = relay.edges[0]): string => `http://127.0.0.1:${edge?.port}/v1/asks`;
const bearer = async (): Promise<Record<string, string>> => ({ authorization: `Bearer ${await relay.token()}` });
async function post(body: FormData | string, more: Record<string, string> = {}): Promise<Response> {
  return fetch(url(), { method: "POST", body, headers: { ...(await bearer()), ...more } });
}
const json = (body: unknown): Promise<Response> => post(JSON.stringify(body), { "content-type": "application/json" });
async function stream(edge = relay.edges[0]): Promise<Stream> {
  const headers = { ...(await bearer()), "content-type": "application/json" };
  const body = JSON.stringify({ message: "hello", conversation: CONVERSATION });
  const opened = await readStream(await fetch(url(edge), { method: "POST", headers, body }));
  await eventually(() => opened.events.length > 0);
  return opened;
}
const part = (headers: string): string => `--b\r\n${headers}\r\n\r\nhi\r\n--b--\r\n`;
/** Returns the bytes that are reserved in Redis for the files of all users together. */
const reserved = async (): Promise<number> => Number((await relay.store.redis.get(KEYS.reservedTotal.pattern)) ?? 0);
const keysLike = (pattern: string): Promise<string[]> => relay.store.redis.keys(pattern);

describe("a form", () => {
  it("whose file is refused leaves nothing behind, and says which one it is", async () => {
    const text = new File(["no pdf, and long enough to be told so at once ".repeat(100)], "b.pdf");
    expect(await refusal(await post(form(["file", pdfFile(large(MAX_FILE_BYTES))])))).toEqual([
      413,
      "PAYLOAD_TOO_LARGE",
    ]);
    expect(await reserved()).toBe(0);
    const second = await post(form(["file", pdfFile(pdf)], ["file", text]));
    expect(await second.json()).toMatchObject({ error: { code: "FILE_TYPE_UNSUPPORTED", file: 1 } });
    for (const name of ["", " ", "\u202e"]) {
      const named = form(["message", "x"], ["file", pdfFile(pdf, name)]);
      expect(await refusal(await post(named))).toEqual([422, "FILE_NAME_INVALID"]);
    }
    expect(await refusal(await post(form(["message", "x"], ["file", pdfFile(new Uint8Array())])))).toEqual([
      415,
      "FILE_TYPE_UNSUPPORTED",
    ]);
    expect(await keysLike("*:log")).toEqual([]);
  });

  it("reserves as many bytes as its files have, not as were to come at most", async () => {
    const opened = await readStream(
      await post(form(["message", "x"], ["file", pdfFile(large(5000))], ["file", pdfFile(large(3000), "b.pdf")])),
    );
    await eventually(() => opened.events.length === 1);
    expect(await reserved()).toBe(5009 + 3009);
  });

  it.each([
    ["another field", form(["message", "x"], ["massage", "y"])],
    ["two messages", form(["message", "x"], ["message", "y"])],
    ["a conversation that is no id", form(["message", "x"], ["conversation", "a b"])],
    ["a message beside no file that is empty", form(["message", " "])],
  ])("with %s is refused", async (_, body) => expect(await refusal(await post(body))).toEqual([400, "BAD_MESSAGE"]));

  it.each([
    ["too many files", form(...Array.from({ length: 3 }, () => ["file", pdfFile(pdf)] as const))],
    ["a message that is too long", form(["message", "x".repeat(1001)])],
    ["a message that is far too long", form(["message", "x".repeat(100_000)])],
    ["far too many fields", form(...Array.from({ length: 100 }, () => ["message", "x"] as const))],
  ])("with %s is refused", async (_, body) =>
    expect(await refusal(await post(body))).toEqual([413, "PAYLOAD_TOO_LARGE"]),
  );

  it.each([
    ["no boundary", "multipart/form-data", "x"],
    ["no end", "multipart/form-data; boundary=b", '--b\r\ncontent-disposition: form-data; name="message"\r\n\r\nhi'],
    [
      "a file without an end",
      "multipart/form-data; boundary=b",
      '--b\r\ncontent-disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-',
    ],
    ["no parts", "multipart/form-data; boundary=b", "--b--\r\n"],
    ["headers alone", "multipart/form-data; boundary=b", "--b\r\n content-disposition: x"],
    ["a field without a name", "multipart/form-data; boundary=b", part("content-disposition: form-data")],
    ["a file without a name", "multipart/form-data; boundary=b", part('content-disposition: form-data; filename="a"')],
    ["a part without a disposition", "multipart/form-data; boundary=b", part("content-type: text/plain")],
    [
      "a field in a charset that nobody knows",
      "multipart/form-data; boundary=b",
      part('content-disposition: form-data; name="massage"\r\ncontent-type: text/plain; charset=none'),
    ],
    ["another type", "text/plain", "x"],
    ["no JSON", "application/json", "{"],
    ["JSON of another shape", "application/json", '{"message":1}'],
    ["deep JSON", "application/json", "[".repeat(100)],
  ])("with %s is refused", async (_, type, body) => {
    expect(await refusal(await post(body, { "content-type": type }))).toEqual([400, "BAD_MESSAGE"]);
    expect(await reserved()).toBe(0);
  });

  it("that breaks off in the middle of a file leaves nothing behind", async () => {
    const { promise: gone, resolve } = Promise.withResolvers<void>();
    const socket = await raw(`content-type: multipart/form-data; boundary=b\r\ncontent-length: 50000`);
    socket.once("close", resolve);
    const head = '--b\r\ncontent-disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n';
    socket.write(head + large(10_000).toString("latin1"));
    await eventually(async () => (await reserved()) > 0);
    socket.destroy();
    await gone;
    await eventually(async () => (await reserved()) === 0 && (await keysLike("*:up:*")).length === 0);
  });
});

describe("a body in JSON", () => {
  it("is refused as soon as it is too large, and its files as everywhere", async () => {
    expect(await refusal(await json({ message: "x".repeat(3_000_000) }))).toEqual([413, "PAYLOAD_TOO_LARGE"]);
    const files = (content: string): object => ({ message: "x", files: [{ name: "a.pdf", content }] });
    expect(await refusal(await json(files("!!!!")))).toEqual([422, "FILE_CORRUPT"]);
    expect(await refusal(await json(files("eHh4")))).toEqual([415, "FILE_TYPE_UNSUPPORTED"]);
    expect(await refusal(await json({ message: "x", files: [{ upload: "never" }] }))).toEqual([404, "NOT_FOUND"]);
  });
});

describe("access", () => {
  it("needs a token that is valid, where one is sent", async () => {
    for (const authorization of ["Bearer", "Bearer x", "bearer a.b.c"]) {
      const response = await fetch(url(), { method: "POST", headers: { authorization }, body: form(["message", "x"]) });
      expect(await refusal(response)).toEqual([401, "AUTH_INVALID"]);
    }
  });

  it("is for its own page and for listed ones", async () => {
    const listed = await post(form(["message", "x"]), { origin: "https://app.test", "idempotency-key": "a" });
    expect([listed.status, listed.headers.get("access-control-allow-origin")]).toEqual([200, "https://app.test"]);
    await listed.body?.cancel();
    expect(await refusal(await post(form(["message", "x"]), { origin: "https://evil.test" }))).toEqual([
      403,
      "ORIGIN_DENIED",
    ]);
    const preflight = await fetch(url(), { method: "OPTIONS", headers: { origin: "https://app.test" } });
    expect([preflight.status, preflight.headers.get("access-control-allow-methods")]).toEqual([204, "POST"]);
    const allowed = preflight.headers.get("access-control-allow-headers")?.split(", ");
    const read = ["authorization", "idempotency-key", "traceparent", "range", "if-range", "last-event-id"];
    expect(allowed).toEqual(expect.arrayContaining([...read, "x-stainless-runtime-version"]));
    expect(await refusal(await fetch(url(), { method: "PUT" }))).toEqual([404, "NOT_FOUND"]);
  });

  it("is refused while too many asks of the user run, and says when to come again", async () => {
    const running = [await stream(), await stream()];
    const third = await json({ message: "x" });
    expect([third.status, third.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(await refusal(third)).toEqual([503, "BUSY"]);
    expect(running.map(({ events }) => events.length)).toEqual([1, 1]);
  });
});

describe("a stream that ends too early", () => {
  it("of an edge that drains says so, and is cut, so that it does not look complete", async () => {
    const edge = await relay.start();
    const opened = await stream(edge);
    expect(await edge.stop()).toEqual([]);
    expect(await opened.ended).toBe("cut");
    expect(opened.closing).toMatchObject([{ code: "SHUTTING_DOWN", ask: opened.events[0]?.ask }]);
  });

  it("of a log that was rolled back says so", async () => {
    const opened = await stream();
    await relay.store.redis.flushdb();
    await (await relay.client()).ask("of another log");
    expect(await opened.ended).toBe("cut");
    expect(opened.closing).toMatchObject([{ code: "RESUME_LOST" }]);
  });

  it("is cut when its client does not read, and the others go on", async () => {
    const opened = await stream();
    const body = JSON.stringify({ message: "x", conversation: "slow" });
    const socket = await raw(`content-type: application/json\r\ncontent-length: ${body.length}`);
    socket.write(body);
    await once(socket, "readable"); // the response has begun; the test reads nothing of it until `resume`
    await eventually(async () => (await keysLike("*:log")).length === 2);
    const head = await beginHead(relay.store, USER, "slow");
    const closed = once(socket, "close");
    for (let n = 0; n < 300 && !socket.destroyed; n++) await head.say("x".repeat(65_536));
    socket.resume(); // reads what the edge has sent before it cut the connection
    await closed;
    await relay.answer(CONVERSATION, ["read"]);
    expect(await opened.ended).toBe("whole");
  });
});

/** Sends the headers of a request; the test writes the body to the returned socket. */
async function raw(headers: string): Promise<Socket> {
  const socket = connect(relay.edges[0]?.port ?? 0, "127.0.0.1");
  socket.on("error", () => undefined); // the edge cuts the connection, and tests wait for that
  await once(socket, "connect");
  socket.write(
    `POST /v1/asks HTTP/1.1\r\nhost: a\r\nauthorization: ${(await bearer())["authorization"]}\r\n${headers}\r\n\r\n`,
  );
  return socket;
}
