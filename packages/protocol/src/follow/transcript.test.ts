import fc from "fast-check";
import { expect, test } from "vitest";
import { wireError } from "../errors/error.ts";
import type { Event, EventBody } from "../messages/event.ts";
import { EMPTY_TRANSCRIPT, transcribe, type Transcript } from "./transcript.ts";

const timings = { queuedMs: 1, extractMs: 2, firstTokenMs: 3, totalMs: 4 };
type Told = EventBody & { ask?: string; attempt?: number };

/**
 * Makes a log of event bodies. A body without `attempt` has that of the body before it, and `accepted` begins with 0.
 */
function log(bodies: readonly Told[]): Event[] {
  let attempt = 0;
  return bodies.map((body, index) => {
    attempt = body.attempt ?? (body.type === "accepted" ? 0 : attempt);
    return { conversation: "c", seq: index + 1, nonce: `n${index}`, ask: "a", at: index, ...body, attempt };
  });
}
const fold = (events: readonly Event[], from: Transcript = EMPTY_TRANSCRIPT): Transcript =>
  events.reduce(transcribe, from);
const accepted = (...files: string[]): Told => ({
  type: "accepted",
  message: "?",
  files: files.map((name) => ({ name, size: 1, sha256: "" })),
});
const extracted = (file: number): Told => ({
  type: "extracted",
  file,
  pages: 3,
  chars: 10,
  cached: false,
  missing: [{ page: 2, reason: "scan" }],
  ocr: [],
  truncated: false,
});
const started = (attempt: number): Told => ({ type: "started", engine: "demo", attempt });
const delta = (text: string): Told => ({ type: "delta", text });

/** The pieces of text of one to four attempts. The last attempt wins; the others broke off. */
const toldTexts = fc.array(fc.array(fc.string({ unit: "grapheme", maxLength: 5 }), { maxLength: 6 }), {
  minLength: 1,
  maxLength: 4,
});

test("the text is the winning attempt's, wherever the others broke off and however it was split", () => {
  fc.assert(
    fc.property(toldTexts, (attempts) => {
      const winning = attempts.at(-1)?.join("") ?? "";
      const told = attempts.flatMap((parts, index) => [started(index + 1), ...parts.map(delta)]);
      const asking = fold(log([accepted(), ...told]));
      expect(asking.asks[0]).toMatchObject({ state: "asking", attempt: attempts.length, text: winning });
      const ended = fold(log([accepted(), ...told, { type: "completed", text: winning, timings }]));
      expect(ended.asks[0]).toMatchObject({ state: "completed", text: winning });
    }),
  );
});

test("the same log gives the same page, read at once or with a reload at any event", () => {
  fc.assert(
    fc.property(toldTexts, fc.nat(40), (attempts, cut) => {
      const told = attempts.flatMap((parts, index) => [started(index + 1), ...parts.map(delta)]);
      const events = log([accepted("a.pdf"), extracted(0), ...told, { type: "completed", text: "whole", timings }]);
      const [before, after] = [events.slice(0, cut), events.slice(cut)];
      expect(fold(after, fold(before))).toEqual(fold(events));
      const again = transcribe(fold(before), { type: "reset" });
      expect(again).toBe(EMPTY_TRANSCRIPT);
      expect(fold(events, again)).toEqual(fold(events));
    }),
  );
});

test("what a late attempt still says is not shown", () => {
  const events = log([
    accepted(),
    started(1),
    delta("old "),
    started(2),
    delta("new"),
    { ...delta("late"), attempt: 1 },
  ]);
  expect(fold(events).asks[0]).toMatchObject({ attempt: 2, text: "new" });
});

test("nothing changes an ask that has ended", () => {
  const ended = fold(log([accepted(), started(1), { type: "completed", text: "whole", timings }]));
  const after = log([accepted(), started(2), delta("more"), { type: "failed", error: wireError("INTERNAL") }]);
  for (const event of after) expect(transcribe(ended, event)).toBe(ended);
});

test("what the user says of an answer comes after its end, the newest counts, and it can be taken back", () => {
  const told: Told[] = [accepted(), started(1), { type: "completed", text: "whole", timings }];
  const rated = fold(
    log([...told, { type: "feedback", verdict: "up" }, { type: "feedback", verdict: "down", word: "No." }]),
  );
  expect(rated.asks[0]).toMatchObject({ state: "completed", attempt: 1, feedback: { verdict: "down", word: "No." } });
  const [none] = log([{ type: "feedback", verdict: "none" }]);
  expect(none && transcribe(rated, none).asks[0]?.feedback).toBeUndefined();
});

test("an ask waits for all its files, and keeps what was read of each", () => {
  const [first, second] = [
    log([accepted("a.pdf", "b.pdf"), extracted(1)]),
    log([accepted("a.pdf", "b.pdf"), extracted(1), extracted(0)]),
  ];
  expect(fold(first).asks[0]).toMatchObject({
    state: "extracting",
    files: [{ name: "a.pdf" }, { extraction: { pages: 3 } }],
  });
  expect(fold(second).asks[0]).toMatchObject({
    state: "waiting",
    files: [{ extraction: { missing: [{ page: 2 }] } }, {}],
  });
});

test("a failure is kept with its error, a stopped answer with what had arrived", () => {
  const error = wireError("PDF_ENCRYPTED", { file: 0 });
  expect(fold(log([accepted("a.pdf"), { type: "failed", error }])).asks[0]).toMatchObject({ state: "failed", error });
  const stopped = log([accepted(), started(1), delta("half"), { type: "cancelled", text: "half" }]);
  expect(fold(stopped).asks[0]).toMatchObject({ state: "cancelled", text: "half" });
});

test("asks stand in the order of the log; those that an event is not about stay the same objects", () => {
  const first = fold(log([accepted(), { ...accepted(), ask: "b" }]));
  expect(first.asks.map(({ id }) => id)).toEqual(["a", "b"]);
  const next = transcribe(first, { ...log([started(1)])[0], ask: "b", seq: 3 } as Event);
  expect(next.asks[0]).toBe(first.asks[0]);
  expect(next.asks[1]).toMatchObject({ state: "asking" });
});

test("events of an ask whose question is no longer kept are left out", () => {
  expect(fold(log([started(1), delta("x"), { type: "completed", text: "x", timings }]))).toBe(EMPTY_TRANSCRIPT);
});
