import { describe, expect, it } from "vitest";
import { shownText, useWorker } from "../../test/fixture.ts";
import { chunk, startOpenAi } from "../../test/openai-server.ts";

const at = useWorker();

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
});
