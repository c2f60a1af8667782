import { eventually } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import type { Call } from "../../test/engine.ts";
import { shownText, useWorker } from "../../test/fixture.ts";

const at = useWorker({ redis: { aof: true } });
const words = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `w${from + index} `);

/** Starts an ask, and returns its engine call once the engine has sent the first words. */
async function midAnswer(): Promise<Call> {
  let call: Call | undefined;
  at.engine.script = (one) => {
    call = one;
    for (const word of words(0, 10)) one.text(word);
  };
  await at.ask("talk", "one");
  await eventually(async () => shownText(await at.events("talk"), "one").includes("w9"));
  if (!call) throw new Error("no call");
  return call;
}

describe("Redis going away in mid-answer", () => {
  it("silent for longer than a command may take: the reply is read on and stored once", async () => {
    await at.here({ WORKER_REDIS_TIMEOUT_MS: "500" });
    const call = await midAnswer();
    await at.server.pause();
    for (const word of words(10, 200)) call.text(word);
    call.end();
    // From here on the worker does not know whether Redis has run the commands that it sent.
    await eventually(() => at.logged.some((line) => line.includes("Command timed out")));
    await at.server.resume();
    const end = await at.ended("talk", "one");
    const whole = words(0, 200).join("");
    expect(end).toMatchObject({ type: "completed", text: whole, attempt: 1 });
    const events = await at.events("talk");
    expect(shownText(events, "one")).toBe(whole);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(at.engine.calls).toHaveLength(1);
  });

  it("killed and restarted: the ask completes once, by the same engine call or another one", async () => {
    await at.here();
    const call = await midAnswer();
    await at.server.kill();
    for (const word of words(10, 100)) call.text(word);
    call.end();
    await eventually(() => at.logged.some((line) => line.includes('"what":"redis"')));
    at.engine.script = (one) => {
      for (const word of words(0, 100)) one.text(word);
      one.end();
    };
    await at.server.restart();
    const end = await at.ended("talk", "one");
    const whole = words(0, 100).join("");
    expect(end).toMatchObject({ type: "completed", text: whole });
    expect(shownText(await at.events("talk"), "one")).toBe(whole);
    await at.ask("talk", "two", { message: "still here" });
    expect(await at.ended("talk", "two")).toMatchObject({ type: "completed" });
  });

  it("and the answer to an end lost: the end is told once", async () => {
    await at.here({ WORKER_REDIS_TIMEOUT_MS: "300" }, { sweeper: false });
    at.engine.script = (call) => call.text("beginning ");
    await at.ask("talk", "one", {}, { deadlineMs: 1500 });
    await eventually(async () => shownText(await at.events("talk"), "one") === "beginning ");
    await at.server.pause();
    // While Redis is away, the worker writes the end of the expired ask several times and gets no reply; Redis runs
    // these commands later.
    await eventually(() => at.engine.calls[0]?.closed === true, { what: "the end of the call" });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await at.server.resume();
    expect(await at.ended("talk", "one")).toMatchObject({ type: "failed", error: { code: "ASK_EXPIRED" } });
    const told = (): string[] => at.logged.filter((line) => line.includes('"ask ended"'));
    await eventually(() => told().length > 0, { what: "the log line" });
    expect(told()).toHaveLength(1);
    expect(told()[0]).toContain("ASK_EXPIRED");
  });

  it.each([
    ["one reply", {}, 12],
    ["MAX_HELD_TEXT_BYTES for all replies", { MAX_HELD_TEXT_BYTES: "200000" }, 2],
  ])("with more text than %s may hold: the call is ended and repeated", async (_, env, pieces) => {
    await at.here({ MAX_REPLY_BYTES: "8000000", ...env });
    const call = await midAnswer();
    await at.server.pause();
    for (let i = 0; i < pieces; i++) call.text("x".repeat(100_000));
    await eventually(() => call.closed, { timeoutMs: 10_000, what: "the connection being dropped" });
    at.engine.script = (one) => {
      one.text("short");
      one.end();
    };
    await at.server.resume();
    expect(await at.ended("talk", "one")).toMatchObject({ type: "completed", text: "short", attempt: 2 });
  });
});
