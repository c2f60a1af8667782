import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { askAll, engineAt, startScriptedEngine, textOf } from "../test/scripted-engine.ts";
import { openAiAt, startScriptedOpenAi, type HttpCall } from "../test/scripted-openai.ts";
import { createFallbackEngine, type Engine, type EngineError } from "./index.ts";

const answer = (call: HttpCall): void => {
  call.begin();
  call.text("from the first");
  call.finish();
};

async function servers(script: (call: HttpCall) => unknown, pauseMs = 10_000) {
  const first = await startScriptedOpenAi("chat", script);
  const second = await startScriptedEngine(({ say }) => say({ message: "from the second" }));
  const seen: EngineError[] = [];
  const engine: Engine = createFallbackEngine({
    first: { engine: openAiAt(first.url, { model: "m" }), name: "chat" },
    second: { engine: engineAt(second.url), name: "websocket (fallback)" },
    pauseMs,
    onFallback: (error) => seen.push(error),
  });
  return {
    engine,
    first,
    second,
    seen,
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      await first[Symbol.asyncDispose]();
      await second[Symbol.asyncDispose]();
    },
  };
}

it("the first engine answers while it can", async () => {
  await using at = await servers(answer);
  const events = await askAll(at.engine);
  expect(textOf(events)).toBe("from the first");
  expect(events[0]).toMatchObject({ kind: "sent", engine: "chat m" });
  expect(at.second.opened).toBe(0);
});

it("the second one answers, under its own name, when the first fails before its first text", async () => {
  await using at = await servers((call) => {
    call.begin();
    call.error({ message: "no GPU" });
    call.response.end();
  });
  const events = await askAll(at.engine);
  expect(textOf(events)).toBe("from the second");
  expect(events.filter(({ kind }) => kind === "sent")).toEqual([{ kind: "sent", engine: "websocket (fallback)" }]);
  expect(at.seen).toMatchObject([{ why: "reply-error", said: "no GPU" }]);
});

it("a failure after the first text is a failure", async () => {
  await using at = await servers((call) => {
    call.text("half");
    call.error({ message: "no GPU" });
    call.response.end();
  });
  await expect(askAll(at.engine)).rejects.toMatchObject({ why: "reply-error", retry: "never" });
  expect(at.second.opened).toBe(0);
});

it("an engine that fails again and again is left alone for a while, and then tried by one call", async () => {
  let isUp = false;
  await using at = await servers((call) => (isUp ? answer(call) : call.response.writeHead(503).end()), 300);
  for (let count = 0; count < 6; count++) expect(textOf(await askAll(at.engine))).toBe("from the second");
  expect(at.first.calls).toHaveLength(3);
  isUp = true;
  await sleep(350); // after `pauseMs` the first engine is tried again
  expect(textOf(await askAll(at.engine))).toBe("from the first");
  expect(textOf(await askAll(at.engine))).toBe("from the first");
});

it("nobody waits for the call that tries the first engine again", async () => {
  let isUp = false;
  const trial = Promise.withResolvers<HttpCall>();
  await using at = await servers((call) => (isUp ? trial.resolve(call) : call.response.writeHead(503).end()), 100);
  for (let count = 0; count < 3; count++) await askAll(at.engine);
  isUp = true;
  await sleep(150); // after `pauseMs` the first engine is tried again
  const trying = askAll(at.engine);
  const call = await trial.promise;
  expect(textOf(await askAll(at.engine))).toBe("from the second");
  answer(call);
  expect(textOf(await trying)).toBe("from the first");
});

it("a prompt that is too large says nothing about the first engine", async () => {
  await using at = await servers((call) => call.response.writeHead(413).end());
  for (let count = 0; count < 5; count++) expect(textOf(await askAll(at.engine))).toBe("from the second");
  expect(at.first.calls).toHaveLength(5);
});

it("a cancelled call asks nobody else", async () => {
  const controller = new AbortController();
  await using at = await servers(() => controller.abort(new Error("cancelled")));
  await expect(askAll(at.engine, {}, controller.signal)).rejects.toThrow("cancelled");
  expect(at.second.opened).toBe(0);
});

it("when both fail, the second one's failure counts", async () => {
  await using at = await servers((call) => call.response.writeHead(401).end());
  await at.second[Symbol.asyncDispose]();
  await expect(askAll(at.engine)).rejects.toMatchObject({ why: "refused" });
});
