import { eventually } from "@docrelay/testkit";
import * as fc from "fast-check";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { askAll, engineAt, startScriptedEngine, textOf, type Call } from "../test/scripted-engine.ts";

/** Sends an ask of a user. Resolves with the user whom the reply was for, or with the error. */
async function replyTo(engine: ReturnType<typeof engineAt>, affinity: string, uniqueId = affinity): Promise<string> {
  return askAll(engine, { message: affinity, uniqueId, affinity }).then(
    textOf,
    (error: Error & { kind?: string; reason?: string }) => `${error.kind} ${error.reason ?? ""}`.trim(),
  );
}

describe("a frame after the end of a reply is reported once for its connection", () => {
  for (const [name, reply, frames, afterMs] of [
    ["an engine that streams where one frame was expected", "single", [{ message: "w0 " }, { message: "w1 " }], 0],
    ["one that takes its time between frames", "single", [{ message: "w0 " }, { message: "w1 " }], 20],
    ["a stream that goes on after its end", "stream", [{ message: "w0 ", type: "end" }, { message: "w1 " }], 20],
  ] as const) {
    it(name, async () => {
      let reports = 0;
      await using server = await startScriptedEngine(async ({ say, socket }) => {
        for (const frame of [...frames, frames[1], frames[1]]) {
          if (socket.readyState === socket.OPEN) say(frame);
          if (afterMs > 0) await sleep(afterMs);
        }
      });
      await using engine = engineAt(server.url, { reply, onFrameAfterReply: () => reports++ });
      for (const user of ["ann", "bob"]) {
        const before = reports;
        expect(await replyTo(engine, user)).toBe("w0 ");
        await eventually(() => reports === before + 1, { what: "the report" });
        await eventually(() => server.open === 0, { what: "the end of the connection" });
      }
      expect(reports).toBe(2);
    });
  }

  it("and never for an engine that replies as it should", async () => {
    let reports = 0;
    await using server = await startScriptedEngine(({ say }) => say({ message: "whole" }));
    await using engine = engineAt(server.url, { connections: 1, onFrameAfterReply: () => reports++ });
    for (const user of ["ann", "ann", "bob"]) expect(await replyTo(engine, user, "id")).toBe("whole");
    expect(reports).toBe(0);
  });
});

describe("a late frame never reaches somebody else", () => {
  for (const afterMs of [0, 10, 45, 55, 80, 150]) {
    for (const ids of ["echoed", "none", "the same for all"] as const) {
      it(`a second frame ${afterMs} ms after a single reply, ids ${ids}`, async () => {
        const pending = new Set<NodeJS.Timeout>();
        await using server = await startScriptedEngine(({ say, message, id, socket, number }) => {
          const frame = { message: `for ${message}`, ...(ids === "none" ? {} : { unique_id: id }) };
          say(frame);
          if (number > 1) return;
          const timer = setTimeout(() => {
            pending.delete(timer);
            if (socket.readyState === socket.OPEN) say({ ...frame, message: `late for ${message}` });
          }, afterMs);
          pending.add(timer);
        });
        await using engine = engineAt(server.url, { connections: 1, firstReplyTimeoutMs: 1000 });
        const id = (user: string): string => (ids === "the same for all" ? "user-uuid" : user);
        expect(await replyTo(engine, "ann", id("ann"))).toBe("for ann");
        // Bob asks repeatedly: before, while and after the late frame arrives.
        for (let turn = 0; turn < 5 || pending.size > 0; turn++) {
          // With an id of his own, Bob may lose the attempt because of the late frame, but he never gets Ann's reply.
          expect(["for bob", "bad-reply unique-id", "unavailable"]).toContain(await replyTo(engine, "bob", id("bob")));
        }
        expect(await replyTo(engine, "bob", id("bob"))).toBe("for bob");
        expect(server.most).toBe(1);
      });
    }
  }

  it("a frame after the end of a stream", async () => {
    await using server = await startScriptedEngine(({ say, message }) => {
      say({ delta: `for ${message}` });
      say({ type: "end" });
      say({ delta: `late for ${message}` });
    });
    await using engine = engineAt(server.url, { reply: "stream", connections: 1 });
    for (const user of ["ann", "bob", "ann", "ann", "bob"]) expect(await replyTo(engine, user)).toBe(`for ${user}`);
    expect(server.opened).toBe(5);
  });

  it("the reply to an ask that timed out or was aborted", async () => {
    const held: Call[] = [];
    await using server = await startScriptedEngine((call) =>
      call.message === "bob" ? call.say({ message: "for bob" }) : held.push(call),
    );
    await using engine = engineAt(server.url, { connections: 1, firstReplyTimeoutMs: 100 });
    expect(await replyTo(engine, "ann")).toBe("timeout");
    const controller = new AbortController();
    const aborted = askAll(engine, { message: "ann", affinity: "bob" }, controller.signal).catch(() => "aborted");
    await eventually(() => held.length === 2);
    controller.abort();
    expect(await aborted).toBe("aborted");
    for (const call of held) if (call.socket.readyState === call.socket.OPEN) call.say({ message: "for ann" });
    expect(await replyTo(engine, "bob")).toBe("for bob");
    await eventually(() => held.every(({ socket }) => socket.readyState === socket.CLOSED), {
      what: "their connections' end",
    });
  });

  it("whatever the engine does, each user gets replies of their own or none", async () => {
    const late = fc.record({ at: fc.nat(80), echo: fc.boolean() });
    const asks = fc.array(
      fc.record({
        user: fc.constantFrom("ann", "bob", "cid"),
        gap: fc.constantFrom(0, 0, 5, 55),
        echo: fc.boolean(),
        late: fc.array(late, { maxLength: 2 }),
      }),
      { minLength: 2, maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(asks, async (plan) => {
        await using server = await startScriptedEngine(({ say, message, id, socket }) => {
          const step = plan[Number(message.split(" ")[1])];
          const frame = (echo: boolean) => ({ message: `for ${message}`, ...(echo ? { unique_id: id } : {}) });
          say(frame(step?.echo ?? true));
          for (const { at, echo } of step?.late ?? [])
            setTimeout(() => socket.readyState === socket.OPEN && say(frame(echo)), at).unref();
        });
        await using engine = engineAt(server.url, { connections: 1, firstReplyTimeoutMs: 1000 });
        for (const [index, { user, gap }] of plan.entries()) {
          if (gap > 0) await new Promise((resolve) => setTimeout(resolve, gap));
          const reply = await askAll(engine, {
            message: `${user} ${index}`,
            uniqueId: `${user}-id`,
            affinity: user,
          }).then(textOf, () => "");
          if (reply !== "") expect(reply).toMatch(new RegExp(`^for ${user} `));
        }
      }),
      { numRuns: 15 },
    );
  });
});
