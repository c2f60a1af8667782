import { wireError } from "@docrelay/protocol";
import { eventually, makePdf } from "@docrelay/testkit";
import OpenAI, { APIError } from "openai";
import { describe, expect, it } from "vitest";
import { beginHead, useEdges, USER } from "../../../test/fixture.ts";

const relay = useEdges({ count: 2, env: { MAX_INLINE_BYTES: "10000", MAX_MESSAGE_CHARS: "1000" } });
const pdf = makePdf({ pages: ["The lighthouse was painted green in 1931."] });
const base64 = `data:application/pdf;base64,${Buffer.from(pdf).toString("base64")}`;

async function openai({ edge = 0, user = USER }: { edge?: number; user?: string | null } = {}): Promise<OpenAI> {
  return new OpenAI({
    baseURL: `http://127.0.0.1:${relay.edges[edge]?.port}/v1`,
    apiKey: user === null ? "none" : await relay.token(user),
    ...(user === null ? { defaultHeaders: { authorization: null } } : {}),
  });
}
/** Takes the ask as a worker does, once it exists. The ask and its conversation have the same id. */
const begin = (id: string) => eventually(() => beginHead(relay.store, USER, id).catch(() => undefined));
const key = (id: string) => ({ headers: { "idempotency-key": id } });
const hello = { model: "any", messages: [{ role: "user", content: "hello" }] } as const;
const chat = (more: object = {}) => ({ ...hello, messages: [...hello.messages], ...more });
const failure = (call: Promise<unknown>): Promise<APIError> =>
  call.then(
    () => expect.fail("it did not fail"),
    (error: unknown) => error as APIError,
  );
/** Returns the first event of the ask's conversation, which holds the question. */
async function asked(id: string): Promise<unknown> {
  return (await (await relay.client()).open(id)).events[0];
}

describe("POST /v1/chat/completions with the client of OpenAI", () => {
  it("answers with the whole reply", async () => {
    const client = await openai();
    const waiting = client.chat.completions.create(chat(), key("one"));
    const head = await begin("one");
    await head.say("one ");
    await head.say("two");
    await head.complete();
    expect(await waiting).toMatchObject({
      id: "one",
      object: "chat.completion",
      model: "any",
      choices: [{ index: 0, message: { role: "assistant", content: "one two" }, finish_reason: "stop" }],
      docrelay: { conversation: "one", files: [], citations: [] },
    });
  });

  it("tells what the reply has cost, whole, and at the end of a stream that asks for it", async () => {
    const client = await openai();
    const waiting = client.chat.completions.create(chat(), key("one"));
    const used = { promptTokens: 20, answerTokens: 2 };
    await (await begin("one")).complete({ usage: used });
    const usage = { prompt_tokens: 20, completion_tokens: 2, total_tokens: 22 };
    expect(await waiting).toMatchObject({ usage });
    const stream = client.chat.completions.stream(chat({ stream_options: { include_usage: true } }), key("two"));
    const head = await begin("two");
    await head.say("hello");
    await head.complete({ usage: { ...used, estimated: true } });
    expect(await stream.totalUsage()).toMatchObject(usage);
    const whole = await stream.finalChatCompletion();
    expect(whole).toMatchObject({ usage, choices: [{ finish_reason: "stop", message: { content: "hello" } }] });
    expect(whole).toMatchObject({ docrelay: { usageEstimated: true } });
  });

  it("streams the reply while it is written, as the client's own helper reads it", async () => {
    const client = await openai();
    const stream = client.chat.completions.stream(chat(), key("one"));
    const pieces: string[] = [];
    stream.on("content", (piece) => pieces.push(piece));
    const head = await begin("one");
    await head.say("one ");
    await eventually(() => pieces.length === 1);
    await head.say("two");
    await head.complete();
    expect((await stream.finalChatCompletion()).choices[0]).toMatchObject({
      message: { role: "assistant", content: "one two" },
      finish_reason: "stop",
    });
    expect(pieces).toEqual(["one ", "two"]);
  });

  it("makes one ask of a history with instructions and a PDF, which may be named again", async () => {
    const client = await openai();
    const file = { type: "file", file: { filename: "a.pdf", file_data: base64 } } as const;
    const history = [
      { role: "system", content: "Be brief." },
      { role: "user", content: [{ type: "text", text: "What colour?" }, file] },
      { role: "assistant", content: "Green." },
      { role: "user", content: [{ type: "text", text: "Since when?" }, file] },
    ] as const;
    const waiting = client.chat.completions.create({ model: "any", messages: [...history] as never }, key("one"));
    const head = await begin("one");
    await head.complete();
    const { docrelay } = (await waiting) as unknown as { docrelay: { files: Array<{ upload: string }> } };
    expect(await asked("one")).toMatchObject({
      message: "Be brief.\n\nUser: What colour?\n\nAssistant: Green.\n\nUser: Since when?",
      files: [{ name: "a.pdf", size: pdf.length }],
    });
    const named = { type: "file", file: { file_id: docrelay.files[0]?.upload } };
    const messages = [...history.slice(0, 3), { role: "user", content: [{ type: "text", text: "And then?" }, named] }];
    const again = client.chat.completions.create({ model: "any", messages, conversation: "one" } as never, key("two"));
    await eventually(() =>
      relay.answer("one", ["x"]).then(
        () => true,
        () => false,
      ),
    );
    await again;
    const { events } = await (await relay.client()).open("one");
    expect(events.find(({ ask }) => ask === "two")).toMatchObject({
      message: "Be brief.\n\nAnd then?",
      files: [{ name: "a.pdf" }],
    });
  });

  it("sent again with its key, on any edge, gets the same answer; another body is refused once", async () => {
    const waiting = (await openai()).chat.completions.create(chat(), key("one"));
    await (await begin("one")).complete();
    const first = await waiting;
    const other = await openai({ edge: 1 });
    expect(await other.chat.completions.create(chat(), key("one"))).toEqual(first);
    const changed = chat({ messages: [{ role: "user", content: "other" }] });
    const error = await failure(other.chat.completions.create(changed as never, key("one")));
    expect(error).toMatchObject({ status: 409, code: "ASK_CONFLICT", type: "invalid_request_error" });
    expect(error.headers?.get("x-should-retry")).toBe("false");
  });

  it("refuses in OpenAI's form with the table's status", async () => {
    const client = await openai();
    const refused = async (more: object): Promise<unknown[]> => {
      const { status, code, type } = await failure(client.chat.completions.create(chat(more) as never));
      return [status, code, type];
    };
    const ask = (content: unknown): object => ({ messages: [{ role: "user", content }] });
    const part = (file: object): object => ask([{ type: "file", file }]);
    const notPdf = Buffer.from("no PDF").toString("base64");
    const bad = [400, "BAD_MESSAGE", "invalid_request_error"];
    expect(await refused(part({ filename: "a.pdf", file_data: notPdf }))).toEqual([
      415,
      "FILE_TYPE_UNSUPPORTED",
      "invalid_request_error",
    ]);
    expect(await refused(part({ file_id: "nobody-s" }))).toEqual([404, "NOT_FOUND", "invalid_request_error"]);
    expect(await refused(part({ filename: "a.pdf" }))).toEqual(bad);
    expect(await refused(ask([{ type: "image_url", image_url: { url: "data:," } }]))).toEqual(bad);
    expect(await refused({ messages: [] })).toEqual(bad);
    expect(await refused({ messages: [{ role: "assistant", content: "so" }] })).toEqual(bad);
    for (const more of [{ n: 2 }, { response_format: { type: "json_object" } }, { tool_choice: "required" }]) {
      expect(await refused(more)).toEqual(bad);
    }
    for (const content of ["x".repeat(1001), "x".repeat(600_000)]) {
      expect(await refused(ask(content))).toEqual([413, "PAYLOAD_TOO_LARGE", "invalid_request_error"]);
    }
    const stranger = new OpenAI({ baseURL: client.baseURL, apiKey: "sk-wrong" });
    expect(await failure(stranger.chat.completions.create(chat()))).toMatchObject({
      status: 401,
      code: "AUTH_INVALID",
      type: "authentication_error",
    });
    expect(await failure(client.get("/responses/none/nothing"))).toMatchObject({ status: 404, code: "NOT_FOUND" });
  });

  it("tells the failure of an ask once, whole or streamed", async () => {
    const client = await openai();
    const waiting = failure(client.chat.completions.create(chat(), key("one")));
    await (await begin("one")).fail(wireError("ENGINE_UNAVAILABLE"));
    expect(await waiting).toMatchObject({ status: 502, code: "ENGINE_UNAVAILABLE", type: "server_error" });

    const stream = await client.chat.completions.create({ ...chat(), stream: true }, key("two"));
    const head = await begin("two");
    await head.say("one");
    await head.fail(wireError("PDF_ENCRYPTED"));
    const pieces: unknown[] = [];
    const reading = (async () => {
      for await (const chunk of stream) pieces.push(chunk.choices[0]?.delta.content);
    })();
    expect(await failure(reading)).toMatchObject({ code: "PDF_ENCRYPTED" });
    expect(pieces).toEqual(["", "one"]);
  });

  it("cancels the ask of a client that leaves, unless it can come back by its key", async () => {
    const client = await openai();
    const keyed = await client.chat.completions.create({ ...chat(), stream: true }, key("one"));
    const plain = await client.chat.completions.create({ ...chat(), stream: true });
    const ids: string[] = [];
    for (const stream of [keyed, plain]) {
      for await (const chunk of stream) {
        ids.push(chunk.id);
        break; // ends the iteration, and with it the connection
      }
    }
    const last = async (id = ""): Promise<unknown> => (await (await relay.client()).open(id)).events.at(-1)?.type;
    await eventually(async () => (await last(ids[1])) === "cancelled");
    expect(ids[0]).toBe("one");
    expect(await last("one")).toBe("accepted");
  });

  it("fails for good, and does not ask again, when the user's data are removed while the answer comes", async () => {
    const client = await openai();
    const failed = failure(client.chat.completions.create(chat()));
    const headers = { authorization: `Bearer ${await relay.token()}` };
    const own = async (path: string, method = "GET"): Promise<Response> =>
      fetch(`${client.baseURL}/${path}`, { method, headers });
    const conversations = async (): Promise<unknown[]> =>
      ((await (await own("conversations")).json()) as { conversations: unknown[] }).conversations;
    await eventually(async () => (await conversations()).length === 1);
    expect((await own("me", "DELETE")).status).toBe(204);
    expect(await failed).toMatchObject({ status: 404, code: "NOT_FOUND" });
    expect(await conversations()).toEqual([]);
  });

  it("works without a token, for a user of its own", async () => {
    const client = await openai({ user: null });
    const abort = new AbortController();
    const stream = await client.chat.completions.create({ ...chat(), stream: true }, { signal: abort.signal });
    for await (const chunk of stream) {
      expect(chunk.choices[0]?.delta.role).toBe("assistant");
      break;
    }
    expect((await client.models.list()).data).toMatchObject([{ id: "docrelay", object: "model" }]);
  });
});
