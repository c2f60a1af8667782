import { eventually, startResponses, type BackgroundResponse } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { askAll, textOf } from "../../test/scripted-engine.ts";
import { openAiAt, startScriptedOpenAi } from "../../test/scripted-openai.ts";
import { createFallbackEngine, HandedOver, type Engine, type EngineEvent, type ResumePoint } from "../index.ts";

const background = (url: string, more: { maxReplyBytes?: number } = {}): Engine =>
  openAiAt(url, { kind: "responses", params: { background: true }, ...more });
const ASK = { message: "?", uniqueId: "id", affinity: "user" };
const whole = (response: BackgroundResponse): void => {
  for (const piece of ["one ", "Größe ", "three"]) response.say(piece);
  response.finish();
};
const gets = (requests: readonly string[]): string[] => requests.filter((request) => request.startsWith("GET"));

/**
 * Reads the first `texts` pieces of a call's text, then aborts the call with `reason`. Returns this text, and the
 * resume point behind it.
 */
async function upTo(engine: Engine, texts: number, reason: Error): Promise<{ text: string; point: ResumePoint }> {
  const controller = new AbortController();
  const events: EngineEvent[] = [];
  await (async () => {
    for await (const event of engine.ask(ASK, controller.signal)) {
      events.push(event);
      if (events.filter(({ kind }) => kind === "text").length === texts) controller.abort(reason);
    }
  })().catch(() => undefined);
  const last = events.findLast((event) => event.kind !== "end" && event.mark !== undefined);
  const text = textOf(events);
  const mark = last?.kind === "end" ? "" : (last?.mark ?? "");
  return { text, point: { mark, bytes: Buffer.byteLength(text) } };
}

describe("a response in the background", () => {
  it("is stored, and each piece tells where another process goes on: by one request for what follows", async () => {
    await using server = await startResponses((response) => ["one ", "Größe "].forEach((piece) => response.say(piece)));
    await using first = background(server.url);
    const begun = await upTo(first, 2, new HandedOver());
    expect(begun.text).toBe("one Größe ");
    expect(server.bodies).toMatchObject([{ background: true, store: true, stream: true }]);
    const [response] = server.responses;
    await eventually(() => response?.readers === 0);
    response?.say("three");
    response?.finish();
    await using second = background(server.url);
    const events = await askAll(second, { resume: begun.point });
    expect(events.map((event) => (event.kind === "text" ? event.text : event.kind))).toEqual(["sent", "three", "end"]);
    expect(events).toMatchObject([{ mark: "3 resp_1" }, { mark: "4 resp_1" }, {}]);
    expect(server.requests).toEqual(["POST /v1/responses", "GET /v1/responses/resp_1?stream=true&starting_after=3"]);
    expect(response?.isCancelled).toBe(false);
  });

  it("can be gone on with before its first text, and after its last", async () => {
    await using server = await startResponses();
    await using engine = background(server.url);
    const controller = new AbortController();
    const marks: Array<string | undefined> = [];
    const reading = (async () => {
      for await (const event of engine.ask(ASK, controller.signal)) if (event.kind === "sent") marks.push(event.mark);
    })();
    await eventually(() => marks.length === 1);
    controller.abort(new HandedOver());
    await expect(reading).rejects.toThrow();
    const response = server.responses[0];
    if (response) whole(response);
    const events = await askAll(engine, { resume: { mark: marks[0] ?? "", bytes: 0 } });
    expect(textOf(events)).toBe("one Größe three");
    const last = events.findLast((event) => event.kind === "text")?.mark ?? "";
    expect(await askAll(engine, { resume: { mark: last, bytes: 16 } })).toMatchObject([
      { kind: "sent" },
      { kind: "end" },
    ]);
  });

  it("goes on over broken connections, with each piece once", async () => {
    await using server = await startResponses((response) => response.say("one "));
    await using engine = background(server.url);
    const events: EngineEvent[] = [];
    for await (const event of engine.ask(ASK, new AbortController().signal)) {
      events.push(event);
      const response = server.responses[0];
      if (event.kind !== "text" || !response) continue;
      response.cut();
      const next = { "one ": "two ", "two ": "three" }[event.text];
      if (next === undefined) response.finish();
      else response.say(next);
    }
    expect(events.map((event) => (event.kind === "text" ? event.text : event.kind))).toEqual([
      "sent",
      "one ",
      "two ",
      "three",
      "end",
    ]);
    expect(gets(server.requests).map((request) => request.split("starting_after=")[1])).toEqual(["2", "3", "4"]);
  });

  it("is stopped on the server when its call ends early, and not when it is handed over or the process ends", async () => {
    await using server = await startResponses((response) => response.say("one "));
    await using engine = background(server.url);
    await upTo(engine, 1, new Error("cancelled by the user"));
    await eventually(() => server.responses[0]?.isCancelled === true, { what: "the cancel" });
    for await (const event of engine.ask(ASK, new AbortController().signal)) if (event.kind === "text") break;
    await eventually(() => server.responses[1]?.isCancelled === true, { what: "the cancel of a call that was left" });
    await using small = background(server.url, { maxReplyBytes: 2 });
    expect(textOf(await askAll(small))).toBe("on");
    await eventually(() => server.responses[2]?.isCancelled === true, {
      what: "the cancel of an answer that is too long",
    });
    const disposed = background(server.url);
    const asking = askAll(disposed);
    await eventually(() => server.responses[3]?.readers === 1);
    await disposed[Symbol.asyncDispose]();
    await expect(asking).rejects.toMatchObject({ why: "stopped" });
    await upTo(engine, 1, new HandedOver());
    await eventually(() => server.responses[4]?.readers === 0);
    expect(server.responses.map(({ isCancelled }) => isCancelled)).toEqual([true, true, true, false, false]);
  });

  it.each([500, 504])("is gone on with after a server that fails for a moment (%i)", async (status) => {
    await using server = await startResponses((response) => response.say("one "));
    await using engine = background(server.url);
    const { point } = await upTo(engine, 1, new HandedOver());
    server.responses[0]?.say("two");
    server.responses[0]?.finish();
    server.refuseWith = status;
    const resumed = askAll(engine, { resume: point });
    await eventually(() => gets(server.requests).length === 2);
    server.refuseWith = undefined;
    expect(textOf(await resumed)).toBe("two");
    expect(server.requests.filter((request) => request.startsWith("POST"))).toEqual(["POST /v1/responses"]);
  });

  it("whose server is away when it is to go on is left as it is, for a later call", async () => {
    await using server = await startResponses((response) => response.say("one "));
    await using engine = background(server.url);
    const { point } = await upTo(engine, 1, new HandedOver());
    server.refuseWith = 503;
    await expect(askAll(engine, { resume: point })).rejects.toMatchObject({ why: "http-503", retry: "away" });
    server.refuseWith = undefined;
    server.responses[0]?.say("two");
    server.responses[0]?.finish();
    expect(textOf(await askAll(engine, { resume: point }))).toBe("two");
    expect(server.requests.map((request) => request.split("?")[0])).toEqual([
      "POST /v1/responses",
      ...Array.from({ length: 2 }, () => "GET /v1/responses/resp_1"),
    ]);
  });

  it.each([404, 400, 405])("that the server does not go on with (%i) asks for another call", async (status) => {
    await using server = await startResponses();
    await using engine = background(server.url);
    server.refuseWith = status;
    const resumed = askAll(engine, { resume: { mark: "3 resp_1", bytes: 4 } });
    await expect(resumed).rejects.toMatchObject({ why: "resume-lost", retry: "again" });
    await expect(askAll(engine, { resume: { mark: "nonsense", bytes: 4 } })).rejects.toMatchObject({
      why: "resume-lost",
    });
    expect(server.requests).toHaveLength(1);
  });

  it("of a server that numbers nothing, or refuses `background`, has no mark", async () => {
    const created = (response: object): string =>
      `data: ${JSON.stringify({ type: "response.created", ...response })}\n\n`;
    const text = (more: object): string =>
      `data: ${JSON.stringify({ type: "response.output_text.delta", delta: "one", ...more })}\n\n`;
    for (const stream of [
      created({ response: { id: "resp_1" } }) + text({}),
      created({ sequence_number: 0, response: { id: "resp_1", background: false } }) + text({ sequence_number: 1 }),
      text({ sequence_number: 1 }),
    ]) {
      await using server = await startScriptedOpenAi("responses", (call) => {
        call.raw(stream);
        call.finish();
      });
      await using engine = background(server.url);
      const events = await askAll(engine);
      expect(events.filter((event) => event.kind !== "end" && event.mark !== undefined)).toEqual([]);
      expect(textOf(events)).toBe("one");
    }
  });
});

describe("an answer that another call has begun", () => {
  it("is gone on with by the engine that began it, also by the second one", async () => {
    await using away = await startScriptedOpenAi("responses", (call) => {
      call.response.writeHead(401);
      call.response.end();
    });
    await using server = await startResponses((response) => response.say("one "));
    const pair = (): Engine =>
      createFallbackEngine({
        first: { engine: background(away.url), name: "first" },
        second: { engine: background(server.url), name: "second" },
      });
    await using before = pair();
    const { point } = await upTo(before, 1, new HandedOver());
    server.responses[0]?.say("two");
    server.responses[0]?.finish();
    await using after = pair();
    const events = await askAll(after, { resume: point });
    expect(events[0]).toMatchObject({ kind: "sent", engine: "responses" });
    expect(textOf(events)).toBe("two");
    expect(away.calls).toHaveLength(1);
  });

  it("is begun anew by an engine that cannot", async () => {
    await using server = await startScriptedOpenAi("chat", () => undefined);
    await using engine = openAiAt(server.url);
    await expect(askAll(engine, { resume: { mark: "3 resp_1", bytes: 0 } })).rejects.toMatchObject({
      why: "resume-lost",
      retry: "again",
    });
    expect(server.calls).toHaveLength(0);
  });
});
