import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EngineEvent } from "./engine.ts";
import { TEXT_FIELDS } from "./frame.ts";
import { learn, learnOfLateFrame, newHabit, silenceMs, type Habit } from "./habit.ts";
import { endByClose, endByQuiet, NO_REPLY, readReply, type Reply, type ReplyRule, type ReplyStep } from "./reply.ts";

const SINGLE: ReplyRule = {
  mode: "single",
  streamEnd: "close",
  uniqueId: "u1",
  mustEcho: false,
  textFields: TEXT_FIELDS,
  maxReplyBytes: 1000,
};
const STREAM: ReplyRule = { ...SINGLE, mode: "stream" };
const AUTO: ReplyRule = { ...SINGLE, mode: "auto" };
const NEW = newHabit(5000);
const ONE: Habit = { ...NEW, ends: "one" };
const MARK: Habit = { ...NEW, ends: "mark", sendsEnd: true };

interface Ran {
  readonly events: EngineEvent[];
  readonly reply: Reply;
  readonly refused?: string;
}

/** Reads all frames until the reply is over or refused. `quiet` stands for a silence, `close` for a close. */
function run(frames: ReadonlyArray<object | string>, rule: ReplyRule, habit: Habit = NEW): Ran {
  const events: EngineEvent[] = [];
  let reply = NO_REPLY;
  for (const frame of frames) {
    const step = stepOf(reply, frame, rule, habit);
    if (step === undefined) return { events, reply, refused: "no end" };
    if ("refused" in step) return { events, reply, refused: step.refused };
    reply = step.reply;
    events.push(...step.events);
    if (reply.ended) break;
  }
  return { events, reply };
}

function stepOf(reply: Reply, frame: object | string, rule: ReplyRule, habit: Habit): ReplyStep | undefined {
  if (frame === "quiet") return endByQuiet(reply, rule, habit);
  if (frame === "close") return endByClose(reply, rule, habit);
  return readReply(reply, typeof frame === "string" ? frame : JSON.stringify(frame), rule);
}

function textOf({ events }: Ran): string {
  const end = events.at(-1);
  const joined = events.map((event) => (event.kind === "text" ? event.text : "")).join("");
  return end?.kind === "end" ? (end.text ?? joined) : "no end";
}

describe("a single reply", () => {
  it("ends with its text and its frame as it came", () => {
    const raw = '{ "type":"chat",  "response":"yes", "extra": [1, 2.0], "unique_id":"u1" }';
    expect(run([raw], SINGLE)).toMatchObject({
      events: [{ kind: "end", text: "yes", frame: raw }],
      reply: { ended: "one", echoed: true },
    });
  });

  it("ends with the text alone when the frame was plain text", () => {
    expect(run(["just text"], SINGLE).events).toEqual([{ kind: "end", text: "just text" }]);
  });

  it("may be empty, but not without a text", () => {
    expect(run([{ message: "" }], SINGLE).events).toMatchObject([{ kind: "end", text: "" }]);
    expect(run([{ type: "chat", result: "x" }], SINGLE).refused).toBe("empty");
  });

  it("is not a status or a heartbeat that comes before it", () => {
    const frames = [{ type: "status", message: "Thinking" }, { type: "ping" }, "", { message: "yes", unique_id: "u1" }];
    expect(run(frames, SINGLE)).toMatchObject({ events: [{ kind: "end", text: "yes" }], reply: { echoed: true } });
  });

  it("carries its citations", () => {
    expect(run([{ message: "x", citations: [{ file: 0, page: 2 }] }], SINGLE).events).toMatchObject([
      { citations: [{ file: 0, page: 2 }] },
    ]);
  });

  it("is not over by a silence or a close", () => {
    for (const end of ["quiet", "close"]) expect(run([{ type: "ping" }, end], SINGLE).refused).toBe("no end");
  });
});

describe("a streamed reply", () => {
  it("is its pieces, joined in order, whatever they are", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(STREAM, AUTO),
        fc.array(fc.string({ unit: "grapheme", maxLength: 8 }), { minLength: 1, maxLength: 20 }),
        fc.option(fc.string({ maxLength: 8 })),
        fc.constantFrom("end", "done"),
        (rule, pieces, tail, type) => {
          const ran = run(
            [...pieces.map((delta) => ({ type: "delta", delta })), tail === null ? { type } : { type, text: tail }],
            rule,
          );
          const texts = ran.events.flatMap((event) => (event.kind === "text" ? [event.text] : []));
          expect(texts.join("")).toBe(pieces.join("") + (tail ?? ""));
          expect(texts).not.toContain("");
          expect(ran.events.at(-1)).toEqual({ kind: "end" });
          expect(ran.reply.ended).toBe("mark");
        },
      ),
    );
  });

  it("is what `completed` says, when that says something", () => {
    for (const rule of [STREAM, AUTO]) {
      expect(run([{ delta: "ye" }, { type: "completed", message: "yes" }], rule).events).toEqual([
        { kind: "text", text: "ye" },
        { kind: "end", text: "yes" },
      ]);
      expect(run([{ delta: "yes" }, { type: "completed" }], rule).events.at(-1)).toEqual({ kind: "end" });
    }
  });

  it("takes plain text for a piece, and ends with [DONE]", () => {
    for (const last of [{ type: "done" }, "[DONE]"])
      expect(run(["one ", "two", last], STREAM).events).toEqual([
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

  it("is over when the engine closes after a text, unless the engine or the operator says that it ends with a frame", () => {
    const frames = [{ message: "a" }, { message: "b" }, "close"];
    for (const rule of [STREAM, AUTO]) {
      expect(run(frames, rule)).toMatchObject({ reply: { ended: "close" } });
      expect(textOf(run(frames, rule))).toBe("ab");
      expect(run(frames, { ...rule, streamEnd: "frame" }).refused).toBe("no end");
      expect(run(frames, rule, MARK).refused).toBe("no end");
      expect(run([{ type: "ping" }, "close"], rule).refused).toBe("no end");
    }
  });

  it("without any text that is known is refused, at its end or when it goes on", () => {
    const chunk = { type: "chunk", data: "a" };
    for (const rule of [STREAM, AUTO]) {
      expect(run([chunk, chunk, { type: "end" }], rule).refused).toBe("empty");
      expect(
        run(
          Array.from({ length: 100 }, () => ({ ...chunk })),
          rule,
        ),
      ).toMatchObject({ refused: "empty", reply: { unknown: 63 } });
      expect(run([{ delta: "" }, { type: "end" }], rule).refused).toBeUndefined();
    }
  });
});

describe("a reply of which nothing is known", () => {
  const raw = JSON.stringify({ message: "all of it", type: "chat", unique_id: "u1" });

  it("shows its first frame at once, and is over when nothing follows, with the frame as it came", () => {
    expect(run([raw], AUTO).events).toEqual([{ kind: "text", text: "all of it" }]);
    expect(run([raw, "quiet"], AUTO).events).toEqual([
      { kind: "text", text: "all of it" },
      { kind: "end", frame: raw },
    ]);
    expect(run([raw, "close"], AUTO).events.at(-1)).toEqual({ kind: "end", frame: raw });
  });

  it("is not cut to its first piece, whatever the pieces are, and however it ends", () => {
    const piece = fc.oneof(
      fc.string({ minLength: 1 }).map((text) => ({ message: text })),
      fc.string({ minLength: 1 }).map((text) => ({ type: "chat", response: text, unique_id: "u1" })),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 2, maxLength: 9 }),
        fc.constantFrom("quiet", "close", "end"),
        (pieces, end) => {
          const whole = pieces.map((one) => ("message" in one ? one.message : one.response)).join("");
          const ran = run([...pieces, end === "end" ? { type: "end" } : end], AUTO);
          expect(textOf(ran)).toBe(whole);
          // The end has no `frame`: only the end of a reply of one frame has it.
          expect(ran.events.at(-1)).toEqual({ kind: "end" });
        },
      ),
    );
  });

  it("whose frames say that they are pieces is not over by silence: it has failed", () => {
    expect(run([{ delta: "half" }, "quiet"], AUTO).refused).toBe("no end");
    expect(run([{ type: "chunk", text: "half" }, "quiet"], AUTO).refused).toBe("no end");
  });
});

describe("what an engine was seen to do", () => {
  const after = (habit: Habit, ...frames: Array<object | string>): Habit =>
    learn(habit, run(frames, AUTO, habit).reply);

  it("one frame and silence: the next reply may be a stream nevertheless, and shows it", () => {
    const habit = after(NEW, { message: "x" }, "quiet");
    expect(habit.ends).toBe("one");
    const raw = '{"message":"y"}';
    expect(run([raw, "quiet"], AUTO, habit).events.at(-1)).toEqual({ kind: "end", frame: raw });
    expect(after(habit, raw, "quiet")).toBe(habit);
    expect(run([raw], AUTO, habit).reply.ended).toBeUndefined();
    const stream = [{ message: "a" }, { message: "b" }, "quiet"];
    expect(textOf(run(stream, AUTO, habit))).toBe("ab");
    expect(after(habit, ...stream).ends).toBe("quiet");
  });

  it("an end mark or a close: a reply waits for it, and a silence in the middle is a failure", () => {
    expect(after(NEW, { message: "x" }, { type: "end" })).toMatchObject({ ends: "mark", sendsEnd: true });
    expect(after(NEW, { message: "x" }, "close")).toMatchObject({ ends: "mark", sendsEnd: false });
    expect(after(ONE, { delta: "x" }, { type: "end" })).toMatchObject({ ends: "mark" });
    expect(run([{ message: "a" }, { message: "b" }, "quiet"], AUTO, MARK).refused).toBe("no end");
    // A reply of one frame, such as a fixed greeting, is complete although no mark or close follows.
    expect(textOf(run([{ message: "hello" }, "quiet"], AUTO, MARK))).toBe("hello");
    expect(after(MARK, { message: "hello" }, "quiet")).toBe(MARK);
  });

  it("several frames and silence: each reply is over by silence, and one frame proves nothing any more", () => {
    const habit = after(NEW, { message: "a" }, { message: "b" }, "quiet");
    expect(habit.ends).toBe("quiet");
    expect(after(habit, { message: "a" }, "quiet").ends).toBe("quiet");
  });

  it("a frame after the end: the engine is waited for longer, after its first frame, too", () => {
    const habit = learnOfLateFrame(ONE);
    expect(habit).toMatchObject({ ends: "quiet", quietMs: 10_000 });
    expect(run([{ message: "a" }], AUTO, habit).reply.ended).toBeUndefined();
    expect(learnOfLateFrame(MARK)).toBe(MARK);
  });

  it("tells for how long a silence is waited for", () => {
    const first = run([{ message: "a" }], AUTO).reply;
    const second = run([{ message: "a" }, { message: "b" }], AUTO).reply;
    const auto = { mode: "auto", idleTimeoutMs: 30_000 } as const;
    expect(silenceMs(auto, NEW, first)).toBe(5000);
    expect(silenceMs(auto, NEW, second)).toBe(10_000);
    expect(silenceMs(auto, ONE, first)).toBe(1500);
    expect(silenceMs(auto, ONE, second)).toBe(10_000);
    expect(silenceMs(auto, MARK, first)).toBe(30_000);
    expect(silenceMs(auto, NEW, run([{ delta: "a" }], AUTO).reply)).toBe(30_000);
    expect(silenceMs({ ...auto, idleTimeoutMs: 100 }, NEW, first)).toBe(100);
    expect(silenceMs({ ...auto, mode: "stream" }, NEW, first)).toBe(30_000);
  });
});

describe("the size of a reply", () => {
  it("is that of its text as UTF-8, to the byte; what is beyond is cut off", () => {
    for (const rule of [SINGLE, STREAM, AUTO]) {
      const type = "completed";
      expect(run([{ type, message: "é".repeat(500) }], rule).reply.ended).not.toBe("cut");
      const over = run([{ type, message: `${"é".repeat(499)}x😀` }], rule);
      expect(over.events).toEqual([{ kind: "end", text: `${"é".repeat(499)}x`, truncated: true }]);
    }
  });

  it("adds up over pieces, and what came of them is kept", () => {
    const piece = { delta: "x".repeat(400) };
    const cut = run([piece, piece, piece], STREAM);
    expect(textOf(cut)).toBe("x".repeat(1000));
    expect(cut.events.at(-1)).toEqual({ kind: "end", truncated: true });
    expect(run([piece, piece, { type: "completed", text: "x".repeat(800) }], STREAM).reply.ended).toBe("mark");
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

it("what a reply says besides its text is that of its newest frames, however it ends", () => {
  const given = { citations: [{ file: 0, page: 1 }], suggestions: ["What else?"] };
  const frame = { message: "x", ...given };
  for (const frames of [
    [frame, "quiet"],
    [frame, "close"],
    [frame, { type: "end" }],
    [{ message: "x" }, { type: "end", ...given }],
  ])
    expect(run(frames, AUTO, ONE).events.at(-1)).toMatchObject({ kind: "end", ...given });
  expect(run([frame], SINGLE).events.at(-1)).toMatchObject({ kind: "end", ...given });
});
