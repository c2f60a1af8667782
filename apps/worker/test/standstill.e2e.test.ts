import { eventually } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { echo, type Call } from "./engine.ts";
import { shownText, useWorker } from "./fixture.ts";

const at = useWorker({ env: { ENGINE_ATTEMPTS: "1" } });

describe("a worker that stands still in mid-answer, as on a starved machine", () => {
  it("spends none of ENGINE_ATTEMPTS: another answers, and what it had is refused", async () => {
    const frozen = await at.process();
    let first: Call | undefined;
    at.engine.script = (call) => {
      first = call;
      call.text("beginning ");
    };
    await at.ask("talk", "one");
    await eventually(async () => shownText(await at.events("talk"), "one") === "beginning ");
    await at.process();
    at.engine.script = echo;
    frozen.kill("SIGSTOP");
    first?.text("of its engine");
    first?.end();
    expect(await at.ended("talk", "one")).toMatchObject({ type: "completed", text: "question one", attempt: 2 });
    frozen.kill("SIGCONT");
    await at.ask("talk", "two");
    expect(await at.ended("talk", "two")).toMatchObject({ type: "completed", attempt: 1 });
    expect((await at.events("talk")).flatMap(({ type, attempt }) => (type === "started" ? [attempt] : []))).toEqual([
      1, 2, 1,
    ]);
  });
});
