import { cancel, newNonce } from "@docrelay/channel";
import { eventually } from "@docrelay/testkit";
import { describe, expect, it } from "vitest";
import { echo } from "../../test/engine.ts";
import { shownText, useWorker, USER } from "../../test/fixture.ts";

const at = useWorker();

describe("cancelling", () => {
  it("ends a queued ask at once, and the asks before and after it run", async () => {
    await at.here();
    let first: (() => void) | undefined;
    at.engine.script = (call, index) => {
      if (index === 0) first = () => echo(call);
      else echo(call);
    };
    for (const id of ["one", "two", "three"]) await at.ask("talk", id);
    await eventually(() => first);
    expect(await at.cancel("talk", "two")).toMatchObject({ kind: "cancelled" });
    expect(await at.ended("talk", "two")).toMatchObject({ type: "cancelled", text: "" });
    first?.();
    expect(await at.ended("talk", "one")).toMatchObject({ type: "completed" });
    expect(await at.ended("talk", "three")).toMatchObject({ type: "completed" });
    expect(at.engine.calls.map(({ message }) => message)).toEqual(["question one", "question three"]);
  });

  it("ends a running ask at once with its text so far, and closes its engine connection", async () => {
    await at.here();
    at.engine.script = (call) => call.text("half an answer");
    await at.ask("talk", "one");
    await eventually(async () => shownText(await at.events("talk"), "one") === "half an answer");
    const asked = performance.now();
    expect(await at.cancel("talk", "one")).toMatchObject({ kind: "flagged" });
    expect(await at.ended("talk", "one")).toMatchObject({ type: "cancelled", text: "half an answer", attempt: 1 });
    // Only the hint can end the ask within 900 ms: the check of running asks comes once a second.
    expect(performance.now() - asked).toBeLessThan(900);
    await eventually(() => at.engine.calls[0]?.closed);
    at.engine.script = echo;
    await at.ask("talk", "two");
    expect(await at.ended("talk", "two")).toMatchObject({ type: "completed" });
  });

  it("ends a running ask within about a second when the hint is lost", async () => {
    await at.here({}, { sweeper: false });
    at.engine.script = (call) => call.text("half");
    await at.ask("talk", "one");
    await eventually(() => at.engine.calls.length === 1);
    const [key = ""] = await at.store.redis.keys("{*}:*:ask:*");
    // This sets only the flag of a cancellation; neither the hint nor a bell is sent.
    await at.store.redis.hset(key, "cancel", "1");
    expect(await at.ended("talk", "one", 4000)).toMatchObject({ type: "cancelled" });
  });

  it("reaches an ask between two attempts", async () => {
    await at.here();
    let calls = 0;
    at.engine.script = (call) => {
      calls++;
      call.drop();
      void cancel(at.store, { user: USER, conversation: "talk", id: "one", nonce: newNonce() });
    };
    await at.ask("talk", "one");
    expect(await at.ended("talk", "one")).toMatchObject({ type: "cancelled" });
    expect(calls).toBe(1);
  });

  it("changes nothing about an ask that has ended or does not exist", async () => {
    await at.here();
    await at.ask("talk", "one");
    await at.ended("talk", "one");
    expect(await at.cancel("talk", "one")).toEqual({ kind: "ended" });
    expect(await at.cancel("talk", "never")).toEqual({ kind: "unknown" });
    expect(await at.cancel("elsewhere", "one")).toEqual({ kind: "unknown" });
    expect(await at.ended("talk", "one")).toMatchObject({ type: "completed" });
  });

  it("and completing at the same time make one terminal event, whichever is first", async () => {
    await at.here();
    at.engine.script = (call) => {
      call.text("all of it");
      call.end();
    };
    const ids = Array.from({ length: 20 }, (_, index) => `ask-${index}`);
    await Promise.all(
      ids.map(async (id) => {
        await at.ask(id, id);
        await at.cancel(id, id);
      }),
    );
    const ends = await Promise.all(ids.map((id) => at.ended(id, id)));
    for (const end of ends) expect(["completed", "cancelled"]).toContain(end.type);
  });
});
