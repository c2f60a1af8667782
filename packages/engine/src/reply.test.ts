import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EngineEvent } from "./engine.ts";
import { NO_REPLY, readReply, type Reply, type ReplyRule } from "./reply.ts";

const SINGLE: ReplyRule = { reply: "single", uniqueId: "u1", mustEcho: false, maxReplyBytes: 1000 };
const STREAM: ReplyRule = { ...SINGLE, reply: "stream" };

/** All frames until the reply is over or refused. */
function run(
  frames: ReadonlyArray<object | string>,
  rule: ReplyRule,
): { events: EngineEvent[]; reply: Reply; refused?: string } {
  const events: EngineEvent[] = [];
  let reply = NO_REPLY;
  for (const frame of frames) {
    const step = readReply(reply, typeof frame === "string" ? frame : JSON.stringify(frame), rule);
    if ("refused" in step) return { events, reply, refused: step.refused };
    reply = step.reply;
    events.push(...step.events);
    if (reply.over) break;
  }
  return { events, reply };
}

describe("a single reply", () => {
  it("ends with its text and its frame as it came", () => {
    const raw = '{ "type":"chat",  "response":"yes", "extra": [1, 2.0], "unique_id":"u1" }';
    expect(run([raw], SINGLE)).toMatchObject({
      events: [{ kind: "end", text: "yes", frame: raw }],
      reply: { over: true, echoed: true },
    });
  });

  it("ends with the text alone when the frame was plain text", () => {
    expect(run(["just text"], SINGLE).events).toEqual([{ kind: "end", text: "just text" }]);
  });

  it("may be empty, but not without a text", () => {
    expect(run([{ message: "" }], SINGLE).events).toMatchObject([{ kind: "end", text: "" }]);
    expect(run([{ type: "chat", result: "x" }], SINGLE).refused).toBe("empty");
  });

  it("carries its citations", () => {
    expect(run([{ message: "x", citations: [{ file: 0, page: 2 }] }], SINGLE).events).toMatchObject([
      { citations: [{ file: 0, page: 2 }] },
    ]);
  });
});

describe("a streamed reply", () => {
  it("is its pieces, joined in order, whatever they are", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "grapheme", maxLength: 8 }), { maxLength: 20 }),
        fc.option(fc.string({ maxLength: 8 })),
        fc.constantFrom("end", "done"),
        (pieces, tail, type) => {
          const { events, reply } = run(
            [...pieces.map((delta) => ({ type: "delta", delta })), tail === null ? { type } : { type, text: tail }],
            STREAM,
          );
          const texts = events.flatMap((event) => (event.kind === "text" ? [event.text] : []));
          expect(texts.join("")).toBe(pieces.join("") + (tail ?? ""));
          expect(texts).not.toContain("");
          expect(events.at(-1)).toEqual({ kind: "end" });
          expect(reply.over).toBe(true);
        },
      ),
    );
  });

  it("is what `completed` says, when that says something", () => {
    expect(run([{ delta: "ye" }, { type: "completed", message: "yes" }], STREAM).events).toEqual([
      { kind: "text", text: "ye" },
      { kind: "end", text: "yes" },
    ]);
    expect(run([{ delta: "yes" }, { type: "completed" }], STREAM).events.at(-1)).toEqual({ kind: "end" });
  });

  it("takes plain text for a piece", () => {
    expect(run(["one ", "two", { type: "done" }], STREAM).events).toEqual([
      { kind: "text", text: "one " },
      { kind: "text", text: "two" },
      { kind: "end" },
    ]);
  });

  it("is not forwarded as a frame, also when it was one frame", () => {
    expect(run([{ type: "completed", message: "yes" }], STREAM).events).toEqual([{ kind: "end", text: "yes" }]);
  });

  it("has echoed its id only when every frame did", () => {
    const own = { delta: "x", unique_id: "u1" };
    expect(run([own, own, { type: "end", unique_id: "u1" }], STREAM).reply.echoed).toBe(true);
    expect(run([own, { delta: "y" }, { type: "end", unique_id: "u1" }], STREAM).reply.echoed).toBe(false);
  });
});

describe("the size of a reply", () => {
  it("is that of its text as UTF-8, to the byte", () => {
    for (const rule of [SINGLE, STREAM]) {
      const type = "completed";
      expect(run([{ type, message: "é".repeat(500) }], rule).refused).toBeUndefined();
      expect(run([{ type, message: `${"é".repeat(500)}x` }], rule).refused).toBe("size");
    }
  });

  it("adds up over pieces, and a `completed` text stands for all of them", () => {
    const piece = { delta: "x".repeat(400) };
    expect(run([piece, piece, piece], STREAM)).toMatchObject({ refused: "size", reply: { frames: 2 } });
    expect(run([piece, piece, { type: "completed", text: "x".repeat(800) }], STREAM).refused).toBeUndefined();
  });

  it("is reached by frames without text as well", () => {
    expect(
      run(
        Array.from({ length: 1001 }, () => ({ type: "ping" })),
        STREAM,
      ),
    ).toMatchObject({ refused: "size", reply: { frames: 1000 } });
  });
});
