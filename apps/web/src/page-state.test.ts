import type { Event } from "@docrelay/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blank, change, type Change, type PageState } from "./page-state.ts";

const head = { conversation: "c", seq: 1, nonce: "n", ask: "a", attempt: 0, at: 0 };
const timings = { queuedMs: 1, extractMs: 1, firstTokenMs: 1, totalMs: 1500 };
const accepted: Event = {
  ...head,
  type: "accepted",
  message: "what?",
  files: [{ name: "a.pdf", size: 10, sha256: "x" }],
};
const started = (attempt: number): Event => ({ ...head, attempt, type: "started", engine: "demo" });
const delta = (attempt: number, text: string): Event => ({ ...head, attempt, type: "delta", text });
const play = (...changes: Array<Event | Change>): PageState =>
  changes.reduce<PageState>((state, by) => change(state, "seq" in by ? { type: "event", event: by } : by), blank);

describe("the page", () => {
  it("shows an answer as it comes and its end", () => {
    const live = play(accepted, started(1), delta(1, "Hello "), delta(1, "you"));
    expect(live.get("a")).toMatchObject({ state: "asking", text: "Hello you", engine: "demo" });
    const done = change(live, {
      type: "event",
      event: { ...head, attempt: 1, type: "completed", text: "Hello you.", timings, citations: [{ file: 0, page: 2 }] },
    });
    expect(done.get("a")).toMatchObject({
      state: "completed",
      text: "Hello you.",
      citations: [{ file: 0, page: 2 }],
      totalMs: 1500,
    });
  });

  it("shows an ask that was stopped before it was sent as stopped, and only such a one", () => {
    const sending: Change = { type: "sending", id: "a", message: "what?", files: [] };
    expect(play(sending, { type: "withdrawn", id: "a" }).get("a")).toMatchObject({ state: "cancelled", text: "" });
    expect(play(sending, accepted, { type: "withdrawn", id: "a" }).get("a")?.state).toBe("waiting");
  });

  it("voids the text of an earlier attempt", () => {
    expect(play(accepted, started(1), delta(1, "lost"), started(2), delta(2, "kept")).get("a")?.text).toBe("kept");
  });

  it("shows the same text whatever attempts came before", () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.string())), fc.array(fc.string()), (before, last) => {
        const events = [...before, last].flatMap((texts, index) => [
          started(index + 1),
          ...texts.map((text) => delta(index + 1, text)),
        ]);
        expect(play(accepted, ...events).get("a")?.text).toBe(last.join(""));
      }),
    );
  });

  it("says what of a file could not be read", () => {
    const extracted: Event = {
      ...head,
      type: "extracted",
      file: 0,
      pages: 3,
      chars: 9,
      cached: false,
      missing: [{ page: 2, reason: "scan" }],
      ocr: [],
      truncated: false,
    };
    expect(play(accepted, extracted).get("a")?.files).toEqual([
      { name: "a.pdf", size: 10, pages: 3, missing: [{ page: 2, reason: "scan" }], ocr: [], truncated: false },
    ]);
  });

  it("keeps what is being sent below what was accepted, and through a reset", () => {
    const sending = { type: "sending", id: "b", message: "next", files: [] } as const;
    const state = play(sending, accepted);
    expect([...state.keys()]).toEqual(["a", "b"]);
    expect([...change(state, { type: "reset" }).keys()]).toEqual(["b"]);
  });

  it("turns an ask that could not be sent into a failed one, but never one that was accepted", () => {
    const error = { code: "BUSY", message: "", retryable: true } as const;
    const sending = { type: "sending", id: "a", message: "what?", files: [] } as const;
    expect(play(sending, { type: "unsent", id: "a", error }).get("a")?.state).toBe("failed");
    expect(play(sending, accepted, { type: "unsent", id: "a", error }).get("a")?.state).toBe("waiting");
  });

  it("ignores hints about what is over, and events of asks that it does not know", () => {
    const cancelled: Event = { ...head, type: "cancelled", text: "part" };
    const done = play(accepted, cancelled);
    expect(change(done, { type: "progress", ask: "a", progress: { stage: "asking" } })).toBe(done);
    expect(play(delta(1, "x"))).toBe(blank);
  });
});
