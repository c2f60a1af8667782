import { eventually } from "@docrelay/testkit";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { askAll, textOf } from "../../test/scripted-engine.ts";
import { openAiAt, startScriptedOpenAi, type HttpCall } from "../../test/scripted-openai.ts";
import type { OpenAiEngineOptions } from "../index.ts";

const data = (event: object): string => `data: ${JSON.stringify(event)}\n\n`;
const delta = (content: string): string => data({ choices: [{ index: 0, delta: { content } }] });

/** Sends an ask to a chat server that replies as the script says. */
async function reply(script: (call: HttpCall) => unknown, options: Partial<OpenAiEngineOptions> = {}) {
  await using server = await startScriptedOpenAi(options.kind ?? "chat", script);
  await using engine = openAiAt(server.url, options);
  return { events: await askAll(engine), calls: server.calls };
}

describe("a stream as real servers send it", () => {
  it.each<[string, (call: HttpCall) => void]>([
    ["comments that keep it alive", (call) => call.raw(`: PROCESSING\n\n${delta("he")}: ping\n\n${delta("llo")}`)],
    [
      "a role-only chunk and a null content",
      (call) => {
        call.begin();
        call.raw(data({ choices: [{ delta: { content: null } }] }) + delta("hello"));
      },
    ],
    [
      "chunks without choices",
      (call) => {
        call.raw(data({ choices: [] }) + delta("hello") + data({ choices: [], usage: { total_tokens: 3 } }));
      },
    ],
    [
      "hidden reasoning",
      (call) => {
        call.raw(data({ choices: [{ delta: { reasoning_content: "hm", content: "" } }] }) + delta("hello"));
      },
    ],
    ["an empty error field", (call) => call.raw(data({ error: null, choices: [{ delta: { content: "hello" } }] }))],
    ["CRLF", (call) => call.raw((delta("he") + delta("llo")).replaceAll("\n", "\r\n"))],
    ["lines that end with CR", (call) => call.raw(`\uFEFF${delta("he")}${delta("llo")}`.replaceAll("\n", "\r"))],
    [
      "no space after the colon, and other fields",
      (call) => call.raw(`id: 1\nretry: 5\n${delta("hello").replace(" ", "")}`),
    ],
    ["something that is no JSON", (call) => call.raw(`data: <ping>\n\n${delta("hello")}`)],
  ])("with %s", async (_name, script) => {
    const { events } = await reply((call) => {
      script(call);
      call.finish();
    });
    expect(textOf(events)).toBe("hello");
    expect(events.at(-1)).toEqual({ kind: "end" });
  });

  it("cut at every byte, in the middle of a letter, too", async () => {
    const { events } = await reply(async (call) => {
      for (const byte of Buffer.from(delta("Größe 🚀"))) {
        call.raw(Buffer.of(byte));
        await turn();
      }
      call.finish();
    });
    expect(textOf(events)).toBe("Größe 🚀");
  });

  it.each<[string, string]>([
    ["a finish reason and no [DONE]", data({ choices: [{ delta: {}, finish_reason: "stop" }] })],
    [
      "the finish reason in the last piece of text",
      data({ choices: [{ delta: { content: "" }, finish_reason: "eos" }] }),
    ],
    ["[DONE] and no finish reason", "data: [DONE]\n\n"],
    ["[DONE] without its empty line", "data: [DONE]"],
  ])("that ends with %s is whole", async (_name, end) => {
    const { events } = await reply((call) => {
      call.raw(delta("hello") + end);
      call.response.end();
    });
    expect(textOf(events)).toBe("hello");
    expect(events.at(-1)).toEqual({ kind: "end" });
  });

  it("that ends with neither was cut: never a success", async () => {
    const cut = reply((call) => {
      call.raw(delta("hello"));
      call.response.end();
    });
    await expect(cut).rejects.toMatchObject({ kind: "unavailable", why: "cut", retry: "never" });
  });

  it.each(["chat", "responses"] as const)("of kind %s that was cut by a limit or a filter says so", async (kind) => {
    for (const reason of ["length", "content_filter"] as const) {
      const { events } = await reply(
        (call) => {
          call.text("half");
          call.finish(reason);
        },
        { kind },
      );
      expect(textOf(events)).toBe("half");
      expect(events.at(-1)).toEqual({ kind: "end", truncated: true });
    }
  });

  it.each(["chat", "responses"] as const)("of kind %s without text is no answer", async (kind) => {
    for (const reason of ["stop", "content_filter"] as const) {
      const empty = reply(
        (call) => {
          call.begin();
          call.finish(reason);
        },
        { kind },
      );
      await expect(empty).rejects.toMatchObject({ kind: "bad-reply", reason: "empty" });
    }
  });

  it("is cut at the largest size of a reply, between two letters, and its request ended", async () => {
    const long = (call: HttpCall): void => {
      for (let at = 0; at < 100; at++) call.text("ab🚀");
    };
    await using server = await startScriptedOpenAi("chat", long);
    await using engine = openAiAt(server.url, { maxReplyBytes: 100 });
    const events = await askAll(engine);
    expect(textOf(events)).toBe(`${"ab🚀".repeat(16)}ab`);
    expect(events.at(-1)).toEqual({ kind: "end", truncated: true });
    await eventually(() => server.calls[0]?.closed === true, { timeoutMs: 3000, what: "the end of the call" });
  });

  it("with an event of any size is refused, not collected", async () => {
    const endless = (call: HttpCall): void => {
      for (let at = 0; at < 40; at++) call.raw(at === 0 ? "data: " : "x".repeat(10_000));
    };
    await expect(reply(endless, { maxReplyBytes: 1024 })).rejects.toMatchObject({ reason: "size" });
  });
});

describe("what a call has cost", () => {
  const USAGE = { usage: { promptTokens: 12, answerTokens: 3 } };
  const usage = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 };
  const stop = { delta: {}, finish_reason: "stop" };
  const asked = { params: { stream_options: { include_usage: true } } };

  it.each<[string, string, Partial<OpenAiEngineOptions>]>([
    ["behind the end, where it is asked for", data({ choices: [stop] }) + data({ choices: [], usage }), asked],
    ["with the end, also unasked", data({ choices: [stop], usage }), {}],
    ["with each piece", data({ choices: [], usage }) + data({ choices: [stop] }), {}],
  ])("is told %s", async (_name, end, options) => {
    const { events } = await reply((call) => call.raw(`${delta("hello")}${end}data: [DONE]\n\n`), options);
    expect(textOf(events)).toBe("hello");
    expect(events.at(-1)).toEqual({ kind: "end", ...USAGE });
  });

  it.each<[string, string]>([
    ["[DONE]", "data: [DONE]\n\n"],
    ["a number that is none", `${data({ choices: [], usage: { ...usage, prompt_tokens: "12" } })}data: [DONE]\n\n`],
    ["nothing more", ""],
  ])("is not known of a server that says %s in its place, and the reply is whole", async (_name, rest) => {
    const { events } = await reply((call) => call.raw(delta("hello") + data({ choices: [stop] }) + rest), asked);
    expect(events.at(-1)).toEqual({ kind: "end" });
  });

  it("is in the last event of a response, and in a reply that comes whole", async () => {
    const told = { input_tokens: 12, output_tokens: 3 };
    const event = { type: "response.completed", response: { id: "r", status: "completed", usage: told } };
    const { events } = await reply(
      (call) => {
        call.text("hello");
        call.raw(data(event));
      },
      { kind: "responses" },
    );
    expect(events.at(-1)).toEqual({ kind: "end", ...USAGE });
    const { events: whole } = await reply((call) => {
      call.response.writeHead(200, { "content-type": "application/json" });
      call.response.end(JSON.stringify({ choices: [{ message: { content: "hello" }, finish_reason: "stop" }], usage }));
    });
    expect(whole.at(-1)).toEqual({ kind: "end", ...USAGE });
  });
});

describe("an error of the server", () => {
  it.each<[number, string, object]>([
    [
      401,
      '{"error":{"message":"Incorrect API key provided: sk-abcdefgh","code":"invalid_api_key"}}',
      { why: "http-401", retry: "never", said: "Incorrect API key provided: …" },
    ],
    [
      404,
      '{"error":"model \\"x\\" not found, try pulling it first"}',
      { why: "http-404", retry: "never", said: 'model "x" not found, try pulling it first' },
    ],
    [
      429,
      '{"error":{"message":"slow down","type":"rate_limit_error"}}',
      { why: "http-429", retry: "away", retryAfterMs: 7000 },
    ],
    [429, '{"error":{"message":"no money","code":"insufficient_quota"}}', { why: "http-429", retry: "never" }],
    [500, "<html>oops</html>", { why: "http-500", retry: "again", said: "<html>oops</html>" }],
    [503, "", { why: "http-503", retry: "away", said: undefined }],
    [504, "", { why: "http-504", retry: "again" }],
    [302, "", { why: "http-3xx", retry: "never" }],
  ])("%i with %s", async (status, body, expected) => {
    const refused = reply(
      ({ response }) => {
        response.writeHead(status, status === 429 ? { "retry-after": "7" } : { location: "http://127.0.0.1:1/" });
        response.end(body);
      },
      { apiKey: "sk-abcdefgh" },
    );
    await expect(refused).rejects.toMatchObject({ kind: "unavailable", ...expected });
  });

  it("that never ends its body is known by its status", async () => {
    await using server = await startScriptedOpenAi("chat", ({ response }) => response.writeHead(503).write("{"));
    const engine = openAiAt(server.url, { errorTimeoutMs: 50 });
    await expect(askAll(engine)).rejects.toMatchObject({ why: "http-503" });
    await engine[Symbol.asyncDispose]();
  });

  it("whose body drips is known by its status in the same time", async () => {
    await using server = await startScriptedOpenAi("chat", ({ response }) => {
      response.writeHead(503);
      const drip = setInterval(() => response.write("x"), 10);
      response.once("close", () => clearInterval(drip));
    });
    await using engine = openAiAt(server.url, { errorTimeoutMs: 100 });
    await expect(askAll(engine)).rejects.toMatchObject({ why: "http-503" });
  });

  it.each(["chat", "responses"] as const)("in the middle of a stream of kind %s is kept, and final", async (kind) => {
    const failed = (before: string) =>
      reply(
        (call) => {
          if (before !== "") call.text(before);
          call.error({ message: "GPU\u0007 lost", code: "server_error" });
          call.response.end();
        },
        { kind },
      );
    await expect(failed("")).rejects.toMatchObject({ reason: "error", said: "GPU lost", retry: "again" });
    await expect(failed("half")).rejects.toMatchObject({ reason: "error", said: "GPU lost", retry: "never" });
  });

  it("in a failed response", async () => {
    const failed = reply(
      (call) => {
        call.raw(data({ type: "response.failed", response: { error: { code: "server_error", message: "no" } } }));
        call.response.end();
      },
      { kind: "responses" },
    );
    await expect(failed).rejects.toMatchObject({ reason: "error", said: "no", retry: "again" });
  });

  it("in a reply with status 200 that is no stream", async () => {
    const failed = reply(({ response }) => {
      response.writeHead(200, { "content-type": "application/json" }).end('{"error":{"message":"no"}}');
    });
    await expect(failed).rejects.toMatchObject({ reason: "error", said: "no" });
    const page = reply(({ response }) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>"));
    await expect(page).rejects.toMatchObject({ reason: "empty" });
  });
});

describe("a request", () => {
  it("has the key, the model, the system text, the history and the further fields, and no word of the user", async () => {
    const options = {
      apiKey: "key",
      model: "some-model",
      system: "Be brief.",
      params: { temperature: 0.2 },
      headers: { "x-team": "a" },
    };
    await using server = await startScriptedOpenAi("chat", (call) => {
      call.text("yes");
      call.finish();
    });
    await using engine = openAiAt(`${server.url}/?api-version=1`, options);
    const history = [
      { role: "user", text: "first?" },
      { role: "assistant", text: "one" },
    ] as const;
    const events = await askAll(engine, { message: "second?", history });
    expect(events[0]).toEqual({ kind: "sent", engine: "chat some-model", agoMs: expect.any(Number) });
    const [call] = server.calls;
    expect(call?.path).toBe("/v1/chat/completions?api-version=1");
    expect(call?.headers).toMatchObject({ authorization: "Bearer key", "x-team": "a" });
    expect(call?.body).toEqual({
      model: "some-model",
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "first?" },
        { role: "assistant", content: "one" },
        { role: "user", content: "second?" },
      ],
      stream: true,
      temperature: 0.2,
    });
    await using other = openAiAt(server.url, { ...options, kind: "responses" });
    await askAll(other, { message: "second?", history }).catch(() => undefined);
    expect(server.calls[1]?.path).toBe("/v1/responses");
    expect(server.calls[1]?.body).toMatchObject({
      instructions: "Be brief.",
      input: [{ role: "user", content: "first?" }, { role: "assistant" }, { role: "user", content: "second?" }],
      store: false,
    });
  });

  it.each(["chat", "responses"] as const)("of kind %s is as large as the operator allows", async (kind) => {
    await using server = await startScriptedOpenAi(kind, (call) => {
      call.text("yes");
      call.finish();
    });
    await using engine = openAiAt(server.url, { kind, maxPromptBytes: 3000 });
    const history = Array.from({ length: 20 }, (_, index) => [
      { role: "user" as const, text: `question ${index}` },
      { role: "assistant" as const, text: "a".repeat(500) },
    ]).flat();
    await askAll(engine, { message: "last?", history });
    const told = (server.calls[0]?.body["messages"] ?? server.calls[0]?.body["input"]) as Array<{ content: string }>;
    expect(Buffer.byteLength(JSON.stringify(server.calls[0]?.body))).toBeLessThanOrEqual(3000);
    expect(told.length).toBeGreaterThan(3);
    expect(told[0]?.content).toMatch(/^\[Earlier parts of this conversation are left out\.\]\n\nquestion 1\d$/);
    expect(told.at(-1)?.content).toBe("last?");
    await expect(askAll(engine, { message: "é".repeat(1500), history })).rejects.toMatchObject({
      why: "prompt-size",
      limit: 3000,
    });
    expect(server.calls).toHaveLength(1);
  });

  it("uses a kept connection again, and one more when the server has closed it meanwhile", async () => {
    let closeOn = 0;
    await using server = await startScriptedOpenAi("chat", (call) => {
      if (call.number === closeOn) return call.response.socket?.destroy();
      call.text("yes");
      return call.finish();
    });
    await using engine = openAiAt(server.url);
    expect(textOf(await askAll(engine))).toBe("yes");
    // The rest of a reply is read in the background; after that its connection is free.
    await eventually(async () => {
      const before = server.opened;
      expect(textOf(await askAll(engine))).toBe("yes");
      return server.opened === before;
    });
    closeOn = server.calls.length + 1;
    expect(textOf(await askAll(engine))).toBe("yes");
    expect(server.calls).toHaveLength(closeOn + 1);
  });

  it("to a server that replies whole gets that reply", async () => {
    for (const [kind, body] of [
      ["chat", { choices: [{ message: { content: "whole" }, finish_reason: "length" }] }],
      ["responses", { status: "incomplete", output: [{ content: [{ type: "output_text", text: "whole" }] }] }],
    ] as const) {
      const script = ({ response }: HttpCall): void => {
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
      };
      const { events } = await reply(script, { kind });
      expect(textOf(events)).toBe("whole");
      expect(events.at(-1)).toEqual({ kind: "end", truncated: true });
    }
  });

  it("to a server that is slow with its headers waits for the first reply's time", async () => {
    const slow = reply(() => undefined, { firstReplyTimeoutMs: 60, idleTimeoutMs: 10 });
    await expect(slow).rejects.toMatchObject({ why: "timeout-first" });
  });
});
