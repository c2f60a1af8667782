import type { Event } from "@docrelay/protocol";
import { eventually, startResponses, type TestProcess } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { echo, type Call } from "./engine.ts";
import { shownText, useWorker } from "./fixture.ts";

const at = useWorker({ env: { WORKER_GRACE_MS: "300" } });

/** Starts an ask, and returns its engine call once the engine has sent the first words. */
async function midAnswer(): Promise<Call> {
  let call: Call | undefined;
  at.engine.script = (one) => {
    call = one;
    one.text("beginning ");
  };
  await at.ask("talk", "one");
  await eventually(async () => shownText(await at.events("talk"), "one") === "beginning ");
  if (!call) throw new Error("no call");
  return call;
}
const attemptsOf = (events: readonly Event[]): number[] =>
  events.flatMap((event) => (event.type === "started" ? [event.attempt] : []));
/** Waits until a worker's log shows that this worker made the engine call `attempt`, and kills this worker. */
async function killCaller(workers: TestProcess[], attempt: number): Promise<void> {
  const made = (worker: TestProcess): boolean =>
    worker.lines.some(
      (line) =>
        line.includes('"attempt begun"') && line.includes(`"askId":"deadly"`) && line.includes(`"attempt":${attempt}`),
    );
  await eventually(() => workers.some(made));
  workers.find(made)?.kill("SIGKILL");
}

describe("a worker that is killed in mid-answer", () => {
  it("is followed by another that goes on with a response in the background: one call, the text once", async () => {
    await using server = await startResponses((response) => response.say("beginning "));
    const env = { ENGINE_URL: server.url, ENGINE_KIND: "responses", ENGINE_PARAMS: '{"background":true}' };
    const first = await at.process(env);
    await at.ask("talk", "one");
    await eventually(async () => shownText(await at.events("talk"), "one") === "beginning ");
    await at.process(env);
    first.kill("SIGKILL");
    const [response] = server.responses;
    await eventually(() => response?.readers === 0);
    response?.say("middle ");
    await eventually(async () => shownText(await at.events("talk"), "one") === "beginning middle ");
    response?.say("end");
    response?.finish();
    expect(await at.ended("talk", "one")).toMatchObject({
      type: "completed",
      text: "beginning middle end",
      attempt: 1,
    });
    expect(attemptsOf(await at.events("talk"))).toEqual([1]);
    expect(shownText(await at.events("talk"), "one")).toBe("beginning middle end");
    expect(server.requests).toEqual(["POST /v1/responses", "GET /v1/responses/resp_1?stream=true&starting_after=2"]);
  });

  it("is followed by another within 1.2 s (three times that here): a new attempt voids the earlier text", async () => {
    const first = await at.process();
    await midAnswer();
    await at.process();
    at.engine.script = echo;
    first.kill("SIGKILL");
    const killed = performance.now();
    const end = await at.ended("talk", "one");
    expect(performance.now() - killed).toBeLessThan(3600);
    expect(end).toMatchObject({ type: "completed", text: "question one", attempt: 2 });
    const events = await at.events("talk");
    expect(attemptsOf(events)).toEqual([1, 2]);
    expect(shownText(events, "one")).toBe("question one");
  });

  it("again and again by the same ask: the ask fails once, after ENGINE_ATTEMPTS calls", async () => {
    const workers = [await at.process(), await at.process(), await at.process(), await at.process()];
    let kills = 0;
    at.engine.script = (call) => {
      if (!call.message.includes("deadly")) return echo(call);
      kills++;
      void killCaller(workers, kills);
    };
    await at.ask("talk", "deadly", { message: "deadly" });
    await at.ask("other", "harmless");
    expect(await at.ended("other", "harmless")).toMatchObject({ type: "completed" });
    expect(await at.ended("talk", "deadly")).toMatchObject({
      type: "failed",
      attempt: 3,
      error: { code: "ENGINE_UNAVAILABLE" },
    });
    expect(kills).toBe(3);
  });
});
