import { eventually, makePdf } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { CONVERSATION, useEdges, USER } from "../../../test/fixture.ts";
import { answerOf, form, pdfFile, readStream, refusal, type Stream } from "../../../test/http-client.ts";

const relay = useEdges({
  count: 2,
  env: { CORS_ALLOWED_ORIGINS: "https://app.test", CHUNK_BYTES: "1024", MAX_FILE_BYTES: "100000" },
});
const pdf = makePdf({ pages: ["The lighthouse was painted green in 1931."] });

interface Sent {
  readonly edge?: number | undefined;
  readonly headers?: Record<string, string>;
  readonly user?: string | null;
  readonly signal?: AbortSignal;
}
async function post(body: FormData | object, path = "", { edge = 0, headers, user = USER, signal }: Sent = {}) {
  const json = body instanceof FormData ? {} : { "content-type": "application/json" };
  const authorization = user === null ? {} : { authorization: `Bearer ${await relay.token(user)}` };
  return fetch(`http://127.0.0.1:${relay.edges[edge]?.port}/v1/asks${path}`, {
    method: "POST",
    body: body instanceof FormData ? body : JSON.stringify(body),
    headers: { ...json, ...authorization, ...headers },
    ...(signal ? { signal } : {}),
  });
}
async function ask(body: FormData | object, sent: Sent = {}): Promise<Stream> {
  const abort = new AbortController();
  return readStream(await post(body, "", { ...sent, signal: abort.signal }), abort);
}
const types = ({ events }: Stream): string[] => events.map(({ type }) => type);
const hello = { message: "hello", conversation: CONVERSATION };

describe("POST /v1/asks", () => {
  it("sends each event of its ask while it happens, and ends after the terminal one", async () => {
    const stream = await ask(
      form(["message", "what?"], ["conversation", CONVERSATION], ["file", pdfFile(pdf, "ä ☃.pdf")]),
    );
    await eventually(() => stream.events.length === 1);
    expect(stream.events[0]).toMatchObject({
      type: "accepted",
      seq: 1,
      message: "what?",
      files: [{ name: "ä ☃.pdf", size: pdf.length }],
    });
    await relay.answer(CONVERSATION, ["one ", "two"]);
    expect(await stream.ended).toBe("whole");
    expect(types(stream)).toEqual(["accepted", "started", "delta", "delta", "completed"]);
  });

  it("sends nothing of the asks before, beside and after it", async () => {
    const client = await relay.client();
    await client.ask("before");
    await relay.answer(CONVERSATION, ["x"]);
    const stream = await ask(hello, { headers: { "idempotency-key": "mine" } });
    await eventually(() => stream.events.length === 1);
    await client.ask("after");
    await relay.answer(CONVERSATION, ["y"]);
    expect(await stream.ended).toBe("whole");
    expect(stream.events.map(({ ask: id }) => id)).toEqual(["mine", "mine", "mine", "mine"]);
    expect(stream.events[0]?.seq).toBe(5);
  });

  it("replaces an ask, of which the conversation as Markdown has the newest version only", async () => {
    const sent = [
      [hello, "first"],
      [{ ...hello, message: "unrelated" }, "second"],
      [{ ...hello, message: "hello again", replaces: "first" }, "third"],
      [form(["message", "hello at last"], ["conversation", CONVERSATION], ["replaces", "third"]), "fourth"],
    ] as const;
    for (const [body, key] of sent) {
      const stream = await ask(body, { headers: { "idempotency-key": key } });
      await eventually(() => stream.events.length === 1);
      await relay.answer(CONVERSATION, [`the ${key}`]);
      expect(await stream.ended).toBe("whole");
    }
    const url = `http://127.0.0.1:${relay.edges[0]?.port}/v1/conversations/${CONVERSATION}`;
    const authorization = `Bearer ${await relay.token(USER)}`;
    const whole = (await (await fetch(url, { headers: { authorization } })).json()) as { asks: object[] };
    expect(whole.asks).toMatchObject([{}, {}, { id: "third", replaces: "first" }, { replaces: "third" }]);
    const markdown = await (await fetch(url, { headers: { authorization, accept: "text/markdown" } })).text();
    expect(markdown).toBe("## hello at last\n\nthe fourth\n\n## unrelated\n\nthe second\n");
    const refused = ["nobody's", "unknown"].map(async (replaces) => refusal(await post({ ...hello, replaces })));
    expect(await Promise.all(refused)).toEqual([
      [400, "BAD_MESSAGE"],
      [404, "NOT_FOUND"],
    ]);
  });

  it("answers ?wait=1 with the whole reply", async () => {
    const waiting = post(
      { ...hello, files: [{ name: "a.pdf", content: Buffer.from(pdf).toString("base64") }] },
      "?wait=1",
    );
    await answerWhenAsked(["one ", "two"]);
    const response = await waiting;
    expect(response.status).toBe(200);
    expect(await answerOf(response)).toMatchObject({
      conversation: CONVERSATION,
      text: "one two",
      citations: [],
      files: [{ name: "a.pdf", size: pdf.length }],
      timings: { totalMs: 0 },
    });
  });

  it("answers ?wait=1 with the status of the ask's failure", async () => {
    const waiting = post(hello, "?wait=1", { headers: { "idempotency-key": "one" } });
    await eventually(async () => (await client().then((each) => each.open(CONVERSATION))).events.length === 1);
    expect((await (await client()).send("cancel", { conversation: CONVERSATION, ask: "one" })).ok).toBe(true);
    expect(await refusal(await waiting)).toEqual([404, "NOT_FOUND"]);
  });

  it("does not call for a retry of an ask that was ended by the deletion of its user's data", async () => {
    const waiting = post(hello, "?wait=1", { headers: { "idempotency-key": "one" } });
    await eventually(async () => (await client().then((each) => each.open(CONVERSATION))).events.length === 1);
    const headers = { authorization: `Bearer ${await relay.token(USER)}` };
    const url = `http://127.0.0.1:${relay.edges[1]?.port}/v1/me`;
    expect((await fetch(url, { method: "DELETE", headers })).status).toBe(204);
    const response = await waiting;
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      error: { ask: "one", code: "NOT_FOUND", message: "The question was cancelled.", retryable: false },
    });
  });

  it("sent again with its key, on any edge, gets the same answer; another body is refused", async () => {
    const headers = { "idempotency-key": "one" };
    const first = await ask(form(["message", "what?"], ["conversation", CONVERSATION], ["file", pdfFile(pdf)]), {
      headers,
    });
    await eventually(() => first.events.length === 1);
    first.close(); // the client disconnects; its ask continues
    await relay.answer(CONVERSATION, ["one"]);
    const again = {
      message: "what?",
      conversation: CONVERSATION,
      files: [{ name: "a.pdf", content: Buffer.from(pdf).toString("base64") }],
    };
    const second = await ask(again, { headers, edge: 1 });
    expect(await second.ended).toBe("whole");
    expect(types(second)).toEqual(["accepted", "started", "delta", "completed"]);
    expect((await answerOf(await post(again, "?wait=1", { headers }))).text).toBe("one");
    expect(await refusal(await post({ ...again, message: "other" }, "", { headers }))).toEqual([409, "ASK_CONFLICT"]);
    expect(await refusal(await post(again, "", { headers: { "idempotency-key": "a b" } }))).toEqual([
      400,
      "BAD_MESSAGE",
    ]);
  });

  it("as a form that is refused leaves none of its files", async () => {
    const file = ["file", pdfFile(pdf, "a.pdf")] as const;
    const stored = async (): Promise<unknown[]> => {
      const keys = (await relay.store.redis.keys("*")).filter((key) => /^blob|:up:|^text|^uses|:files$/.test(key));
      return [keys.filter((key) => !key.endsWith(":files")).sort(), await relay.store.redis.get("{blobs}:total")];
    };
    const stream = await ask(form(["message", "one"]), { headers: { "idempotency-key": "known" } });
    await eventually(() => stream.events.length === 1);
    for (const [body, status, headers] of [
      [form(["message", "two"], ["replaces", "none"], file), 404, {}],
      [form(["message", "two"], file), 409, { "idempotency-key": "known" }],
      [form(file, ["conversation", "no/id"]), 400, {}],
      [form(file, ["message", "x".repeat(40_000)]), 413, {}],
      [form(file, ["file", pdfFile(Buffer.alloc(5000), "b.pdf")]), 415, {}],
    ] as const) {
      const response = await post(body, "", { headers });
      expect([response.status, await stored()]).toEqual([status, [[], "0"]]);
      await response.body?.cancel();
    }
    const kept = await ask(form(["message", "two"], file));
    await eventually(() => kept.events.length === 1);
    expect((await stored())[1]).toBe(String(pdf.length));
  });

  it("sent again with its key is one ask, also where it names no conversation", async () => {
    const headers = { "idempotency-key": "new" };
    const first = await ask({ message: "hello" }, { headers });
    await eventually(() => first.events.length === 1);
    const second = await ask({ message: "hello" }, { headers, edge: 1 });
    await eventually(() => second.events.length === 1);
    expect(second.events[0]).toEqual(first.events[0]);
    const other = await ask({ message: "hello" }, { headers: { "idempotency-key": "newer" } });
    await eventually(() => other.events.length === 1);
    expect(other.events[0]?.conversation).not.toBe(first.events[0]?.conversation);
    for (const stream of [first, second, other]) stream.close();
  });

  it("without a token is of a user of its own, whose ask is cancelled when the client leaves", async () => {
    const stream = await ask(hello, { user: null });
    const other = await ask(hello, { user: null });
    await eventually(() => stream.events.length === 1 && other.events.length === 1);
    expect([stream.events[0]?.seq, other.events[0]?.seq]).toEqual([1, 1]); // each ask has a conversation of its own
    stream.close();
    await eventually(async () => [...(await relay.dump()).values()].some((value) => value.includes("cancelled")));
    other.close();
  });
});

/** Answers the conversation's ask as a worker does, as soon as there is one. */
async function answerWhenAsked(deltas: string[]): Promise<void> {
  await eventually(() =>
    relay.answer(CONVERSATION, deltas).then(
      () => true,
      () => false,
    ),
  );
}
const client = () => relay.client();
