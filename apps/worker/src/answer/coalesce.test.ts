import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { coalesce, EMPTY, type Buffered, type CoalesceRule } from "./coalesce.ts";

const RULE: CoalesceRule = { windowMs: 40, maxBytes: 1000 };
const input = (text: string, more: { busy?: boolean; tick?: boolean; last?: boolean } = {}) => ({
  text,
  busy: false,
  tick: false,
  last: false,
  ...more,
});

/** Returns the pieces of all text that is still buffered, as at the end of a reply. */
function drain(buffer: Buffered, now: number, rule: CoalesceRule): string[] {
  const pieces: string[] = [];
  for (let step = coalesce(buffer, input("", { last: true }), now, rule); step.piece !== undefined;) {
    pieces.push(step.piece);
    step = coalesce(step.buffer, input("", { last: true }), now, rule);
  }
  return pieces;
}

describe("coalesce", () => {
  it("passes the first text on at once, and gathers the text of a window", () => {
    const first = coalesce(EMPTY, input("a"), 0, RULE);
    expect(first.piece).toBe("a");
    const second = coalesce(first.buffer, input("b"), 10, RULE);
    expect(second.piece).toBeUndefined();
    const third = coalesce(second.buffer, input("c"), 39, RULE);
    expect(third.piece).toBeUndefined();
    expect(coalesce(third.buffer, input("", { tick: true }), 39, RULE).piece).toBeUndefined();
    expect(coalesce(third.buffer, input("", { tick: true }), 40, RULE).piece).toBe("bc");
  });

  it("waits for a tick also after a silent window, so that pieces of many replies are written together", () => {
    const { buffer } = coalesce(EMPTY, input("a"), 0, RULE);
    const waiting = coalesce(buffer, input("b"), 400, RULE);
    expect(waiting.piece).toBeUndefined();
    expect(coalesce(waiting.buffer, input("", { tick: true }), 401, RULE).piece).toBe("b");
  });

  it("gathers while a write is in flight, however long that takes", () => {
    let buffer: Buffered = EMPTY;
    for (let now = 0; now < 1000; now += 50) {
      const step = coalesce(buffer, input("x", { busy: true }), now, RULE);
      expect(step.piece).toBeUndefined();
      buffer = step.buffer;
    }
    expect(coalesce(buffer, input("", { tick: true }), 1000, RULE).piece).toBe("x".repeat(20));
  });

  it("does not wait for the window when a piece is full", () => {
    const { buffer } = coalesce(EMPTY, input("a"), 0, RULE);
    expect(coalesce(buffer, input("x".repeat(1000)), 1, RULE).piece).toBe("x".repeat(1000));
  });

  it("keeps half of a surrogate pair until the other half comes, or until the end", () => {
    const [high = "", low = ""] = ["\ud83d", "\ude00"];
    const first = coalesce(EMPTY, input(`a${high}`), 0, RULE);
    expect(first.piece).toBe("a");
    expect(coalesce(first.buffer, input(low, { tick: true }), 50, RULE).piece).toBe("😀");
    expect(coalesce(first.buffer, input("", { last: true }), 1, RULE).piece).toBe(high);
    expect(coalesce(EMPTY, input(high), 0, RULE).piece).toBeUndefined();
  });

  it("holds for any text, cut anywhere, at any time: the pieces joined are the text, none too large, no pair cut", () => {
    const frameLists = fc.record({
      texts: fc.array(
        fc.record({
          text: fc.string({ unit: "grapheme", maxLength: 40 }),
          wait: fc.nat(60),
          busy: fc.boolean(),
          tick: fc.boolean(),
        }),
      ),
      maxBytes: fc.integer({ min: 4, max: 64 }),
      cutUnits: fc.boolean(),
    });
    fc.assert(
      fc.property(frameLists, ({ texts, maxBytes, cutUnits }) => {
        const rule = { windowMs: 40, maxBytes };
        // With `cutUnits`, the text is also cut between the two halves of surrogate pairs, because engine frames may
        // end there.
        const frames = texts.flatMap(({ text, ...rest }) =>
          (cutUnits ? [...text].flatMap((c) => [...unitsOf(c)]) : [text]).map((t) => ({ text: t, ...rest })),
        );
        let buffer: Buffered = EMPTY;
        let now = 0;
        const pieces: string[] = [];
        for (const { text, wait, ...how } of frames) {
          now += wait;
          const step = coalesce(buffer, input(text, how), now, rule);
          if (step.piece !== undefined) pieces.push(step.piece);
          buffer = step.buffer;
        }
        pieces.push(...drain(buffer, now, rule));
        expect(pieces.join("")).toBe(frames.map(({ text }) => text).join(""));
        for (const piece of pieces) {
          expect(piece).not.toBe("");
          expect(Buffer.byteLength(piece)).toBeLessThanOrEqual(maxBytes);
          expect(piece.isWellFormed()).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

function* unitsOf(text: string): Generator<string> {
  for (let i = 0; i < text.length; i++) yield text.charAt(i);
}
