import { accountAddress, readUsed, writeText, type StoredText } from "@docrelay/channel";
import { estimateTokens } from "@docrelay/engine";
import { eventually } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { shownText, USER, useWorker } from "../../test/fixture.ts";
import { chunk, startOpenAi } from "../../test/openai-server.ts";

const at = useWorker();
const TEXT = { kind: "text", chars: 1, missing: [], ocr: [], truncated: false, extractMs: 1 } as const;
const store = (text: StoredText, key: string) => writeText(at.store, key, text);

describe("an engine behind an OpenAI-compatible server", () => {
  it("gets the question, and its reply is in the log, with the engine's name", async () => {
    await using server = await startOpenAi(() => ["the ", "quick ", "fox"]);
    await at.here({ ENGINE_URL: server.url, ENGINE_MODEL: "m1", ENGINE_PARAMS: '{"temperature":0}' });
    await at.ask("talk", "one", { message: "what?" });
    expect(await at.ended("talk", "one")).toMatchObject({ type: "completed", text: "the quick fox", attempt: 1 });
    const events = await at.events("talk");
    expect(events.find(({ type }) => type === "started")).toMatchObject({ engine: "chat m1" });
    expect(shownText(events, "one")).toBe("the quick fox");
    expect(server.requests).toMatchObject([
      { path: "/v1/chat/completions", body: { model: "m1", temperature: 0, stream: true } },
    ]);
    expect(server.requests[0]?.messages).toEqual([{ role: "user", content: "what?" }]);
  });

  it("tells the tokens of its calls, which are charged to the user and those beside", async () => {
    const usage = { prompt_tokens: 70, completion_tokens: 5 };
    await using server = await startOpenAi(() => ["fox"], usage);
    await at.here({ ENGINE_URL: server.url, ENGINE_PARAMS: '{"stream_options":{"include_usage":true}}' });
    const tenant = accountAddress({ kind: "tenant", name: "acme" });
    await at.ask("talk", "one", { message: "what?", charged: [tenant] });
    const told = { promptTokens: 70, answerTokens: 5 };
    const end = await at.ended("talk", "one");
    expect(end.type === "completed" && end.usage).toEqual(told);
    const user = accountAddress({ kind: "user", name: USER });
    const tokens = async (): Promise<number[]> =>
      (await readUsed(at.store, [user, tenant])).used.map((used) => used.tokens);
    await eventually(async () => (await tokens()).every((count) => count > 0));
    expect(await tokens()).toEqual([75, 75]);
  });

  it("that tells none has them estimated, also when it fails in the middle", async () => {
    await using server = await startOpenAi((_request, response, index) => {
      if (index === 0) return ["a fox"];
      response.writeHead(200).write(chunk({ delta: { content: "half" } }));
      const isShown = async (): Promise<boolean> => shownText(await at.events("other"), "two") === "half";
      void eventually(isShown).finally(() => response.destroy());
      return undefined;
    });
    await at.here({ ENGINE_URL: server.url });
    await at.ask("talk", "one", { message: "what?" });
    const end = await at.ended("talk", "one");
    const sums = { promptTokens: estimateTokens("what?"), answerTokens: estimateTokens("a fox") };
    expect(end.type === "completed" && end.usage).toEqual({ ...sums, estimated: true });
    await at.ask("other", "two", { message: "what?" });
    expect(await at.ended("other", "two")).toMatchObject({ type: "failed" });
    const user = accountAddress({ kind: "user", name: USER });
    const all = 2 * sums.promptTokens + sums.answerTokens + estimateTokens("half");
    const tokens = async (): Promise<number> => (await readUsed(at.store, [user])).used[0]?.tokens ?? 0;
    await eventually(async () => (await tokens()) === all, { what: `${all} tokens` });
  });

  it("that is busy is asked again, and one that fails in the middle of its answer is not", async () => {
    await using server = await startOpenAi((_request, response, index) => {
      if (index > 0) response.writeHead(200).write(chunk({ delta: { content: "half" } }), () => response.destroy());
      else response.writeHead(429, { "retry-after": "0" }).end('{"error":{"message":"slow down"}}');
      return undefined;
    });
    await at.here({ ENGINE_URL: server.url });
    await at.ask("talk", "one");
    expect(await at.ended("talk", "one")).toMatchObject({
      type: "failed",
      attempt: 1,
      error: { code: "ENGINE_UNAVAILABLE", reason: "cut" },
    });
    expect(server.requests).toHaveLength(2);
  });

  it("is told the conversation so far: questions, completed answers and names of files", async () => {
    await using server = await startOpenAi(({ messages }, response) => {
      if (messages.at(-1)?.content !== "fail") return [`answer ${messages.length}`];
      response.writeHead(401).end();
      return undefined;
    });
    await at.here({ ENGINE_URL: server.url, ENGINE_SYSTEM: "Be brief." });
    const file = await at.file("a.pdf", Buffer.from("%PDF-"), { extract: false });
    await store({ ...TEXT, pages: ["all about foxes"] }, file.text);
    await at.ask("talk", "one", { message: "first?", files: [file] });
    await at.ended("talk", "one");
    for (const [id, message] of [
      ["two", "fail"],
      ["three", "third?"],
    ] as const) {
      await at.ask("talk", id, { message });
      await at.ended("talk", id);
    }
    await at.ask("elsewhere", "four", { message: "fourth?" });
    await at.ended("elsewhere", "four");
    expect(server.requests.at(2)?.messages).toEqual([
      { role: "system", content: "Be brief." },
      { role: "user", content: "first?\n\n[Files of this question: a.pdf]" },
      { role: "assistant", content: "answer 2" },
      { role: "user", content: "third?" },
    ]);
    expect(server.requests.at(3)?.messages).toEqual([
      { role: "system", content: "Be brief." },
      { role: "user", content: "fourth?" },
    ]);
  });

  it("is told nothing that was cancelled or replaced, and for a question that replaces one what was before it", async () => {
    await using server = await startOpenAi(({ messages }, response) => {
      const message = messages.at(-1)?.content ?? "";
      if (message !== "slow?") return [`to ${message}`];
      response.writeHead(200, { "content-type": "text/event-stream" });
      return void response.write('data: {"choices":[{"delta":{"content":"half"}}]}\n\n');
    });
    await at.here({ ENGINE_URL: server.url });
    const ask = async (id: string, message: string, more = {}): Promise<unknown> => {
      await at.ask("talk", id, { message }, more);
      if (message === "slow?") {
        await eventually(() => server.requests.length === 2);
        await at.cancel("talk", id);
      }
      await at.ended("talk", id);
      return server.requests.at(-1)?.messages.map(({ content }) => content);
    };
    expect(await ask("one", "first?")).toEqual(["first?"]);
    expect(await ask("two", "slow?")).toEqual(["first?", "to first?", "slow?"]);
    expect(await ask("three", "third?")).toEqual(["first?", "to first?", "third?"]);
    expect(await ask("four", "edited?", { replaces: "one" })).toEqual(["edited?"]);
    expect(await ask("five", "fifth?")).toEqual(["edited?", "to edited?", "third?", "to third?", "fifth?"]);
  });

  it("gets the file of the question whole before it is told older text", async () => {
    await using server = await startOpenAi(() => ["word ".repeat(300)]);
    await at.here({ ENGINE_URL: server.url, ENGINE_CONTEXT_TOKENS: "1000" });
    await at.ask("talk", "one");
    await at.ended("talk", "one");
    const file = await at.file("a.pdf", Buffer.from("%PDF-"), { extract: false });
    await store({ ...TEXT, pages: [`first ${"page ".repeat(400)}`, "last page"] }, file.text);
    await at.ask("talk", "two", { message: "what?", files: [file] });
    await at.ended("talk", "two");
    const [only, ...rest] = server.requests[1]?.messages ?? [];
    expect(rest).toEqual([]);
    expect(only?.content).toMatch(/^\[Earlier parts of this conversation are left out\.\][^]*first page[^]*last page/);
    expect((await at.events("talk")).find(({ type }) => type === "extracted")).not.toHaveProperty("used");
  });

  it("is told the newest part of a long conversation, and that the rest is left out", async () => {
    await using server = await startOpenAi((_request, _response, index) => [`${index} ${"word ".repeat(300)}`]);
    await at.here({ ENGINE_URL: server.url, ENGINE_CONTEXT_TOKENS: "1000" });
    for (const id of ["one", "two", "three", "four"]) {
      await at.ask("talk", id, { message: `question ${id}` });
      await at.ended("talk", id);
    }
    const told = server.requests.at(3)?.messages.map(({ content }) => content.slice(0, 80).trim()) ?? [];
    expect(told).toHaveLength(5);
    expect(told[0]).toBe("[Earlier parts of this conversation are left out.]\n\nquestion two");
    expect(told[1]).toMatch(/^1 word/);
    expect(told.at(-1)).toBe("question four");
    await at.ask("talk", "five", { message: "why? ".repeat(400) });
    await at.ended("talk", "five");
    expect(server.requests.at(4)?.messages).toMatchObject([
      { content: expect.stringMatching(/^\[Earlier.*\n\nwhy\?/) },
    ]);
  });

  it("gets the pages of a long file that fit the question, and its citations are checked against them", async () => {
    await using server = await startOpenAi(() => [
      "40 euros [p. 70], ",
      '"40 euros" [p. 70], "50 euros" [p. 70], [p. 3]',
    ]);
    await at.here({ ENGINE_URL: server.url, ENGINE_CONTEXT_TOKENS: "1300" });
    const pages = Array.from({ length: 100 }, (_, index) => `Page ${index + 1}. ${"Nothing here. ".repeat(60)}`);
    pages[69] = "The termination fee is 40 euros.";
    const file = await at.file("lease.pdf", Buffer.from("%PDF-"), { extract: false });
    await store({ ...TEXT, pages }, file.text);
    await at.ask("talk", "one", { message: "How high is the termination fee?", files: [file] });
    const end = await at.ended("talk", "one");
    expect(end).toMatchObject({ type: "completed", citations: [{ file: 0, page: 70 }] });
    const events = await at.events("talk");
    const used = [
      [1, 1],
      [69, 71],
    ];
    expect(events.find(({ type }) => type === "extracted")).toMatchObject({ pages: 100, used });
    const prompt = server.requests[0]?.messages[0]?.content ?? "";
    expect(prompt).toContain("The termination fee is 40 euros.");
    expect(prompt).toContain("[This file has 100 pages. Here are only its pages 1, 69-71: the others do not fit.]");
    expect(prompt).not.toContain("Page 3. ");
  });

  it("is not called when not even a page fits, or when the server takes less", async () => {
    await using server = await startOpenAi((_request, response) => {
      response.writeHead(400).end('{"error":{"message":"too long","code":"context_length_exceeded"}}');
      return undefined;
    });
    await at.here({ ENGINE_URL: server.url, ENGINE_CONTEXT_TOKENS: "2000" });
    const file = await at.file("a.pdf", Buffer.from("%PDF-"), { extract: false });
    await store({ ...TEXT, pages: ["word ".repeat(100_000)] }, file.text);
    await at.ask("talk", "one", { files: [file] });
    const error = { code: "PROMPT_TOO_LARGE", retryable: false };
    expect(await at.ended("talk", "one")).toMatchObject({ type: "failed", error: { ...error, reason: "setting" } });
    expect(server.requests).toHaveLength(0);
    await at.ask("talk", "two");
    expect(await at.ended("talk", "two")).toMatchObject({ type: "failed", error: { ...error, reason: "engine" } });
    expect(server.requests).toHaveLength(1);
  });
});

it("a second engine answers while the first is away, and `started` names it", async () => {
  await using server = await startOpenAi(() => ["from the second"]);
  await at.here({
    ENGINE_FALLBACK_URL: server.url,
    ENGINE_FALLBACK_MODEL: "m2",
    ENGINE_FALLBACK_API_KEY: "k2",
    ENGINE_HEADERS: "Authorization: Bearer of-the-first",
  });
  await at.engine.shut();
  await at.ask("talk", "one");
  expect(await at.ended("talk", "one")).toMatchObject({ type: "completed", text: "from the second", attempt: 1 });
  expect(server.requests[0]?.headers.authorization).toBe("Bearer k2");
  await at.engine.open();
  await at.ask("talk", "two", { message: "hello" });
  expect(await at.ended("talk", "two")).toMatchObject({ type: "completed", text: "hello" });
  const started = (await at.events("talk")).filter(({ type }) => type === "started");
  expect(started).toMatchObject([{ engine: "chat m2" }, { engine: "websocket" }]);
  // The WebSocket engine gets only the question; the chat engine also gets the earlier questions and answers.
  expect(at.engine.calls.map(({ message }) => message)).toEqual(["hello"]);
  await at.engine.shut();
  await at.ask("talk", "three", { message: "and?" });
  await at.ended("talk", "three");
  expect(server.requests.at(-1)?.messages.map(({ content }) => content)).toEqual([
    "question one",
    "from the second",
    "hello",
    "hello",
    "and?",
  ]);
  await at.engine.open();
});

it("an engine over WebSocket gets the question alone", async () => {
  await at.here();
  for (const id of ["one", "two"]) {
    await at.ask("talk", id, { message: `question ${id}` });
    await at.ended("talk", id);
  }
  expect(at.engine.calls.map(({ message }) => message)).toEqual(["question one", "question two"]);
});
