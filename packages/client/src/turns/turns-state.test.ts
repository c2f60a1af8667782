import { wireError, type Event } from "@docrelay/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RelayError } from "../wire/relay-error.ts";
import { turnOf } from "./turn.ts";
import { changeTurns, NO_TURNS, orderOf, type Change, type TurnsState } from "./turns-state.ts";

const accepted = (ask: string): Event => ({
  conversation: "c",
  seq: 1,
  nonce: "n",
  ask,
  attempt: 0,
  at: 0,
  type: "accepted",
  message: ask,
  files: [],
});
const cancelled = (ask: string): Event => ({ ...accepted(ask), type: "cancelled", text: "part" });
const event = (event: Event): Change => ({ type: "event", event });
const sending = (id: string): Change => ({ type: "sending", id, question: id, files: [], at: 0 });
const stopped = (id: string): Change => ({ type: "stopped", id });
const refused = (id: string): Change => ({ type: "refused", id, error: new RelayError(wireError("BUSY")) });
const play = (...changes: Change[]): TurnsState => changes.reduce(changeTurns, NO_TURNS);
const own = (state: TurnsState, id: string): string | undefined =>
  state.own.find(({ turn }) => turn.id === id)?.turn.state;

describe("an ask of this client", () => {
  it("is sent, stopped or refused until the log has it, and then as the log says", () => {
    expect(own(play(sending("a")), "a")).toBe("sending");
    expect(own(play(sending("a"), stopped("a")), "a")).toBe("cancelled");
    expect(own(play(sending("a"), refused("a")), "a")).toBe("failed");
    for (const end of [stopped("a"), refused("a")]) {
      const taken = play(sending("a"), event(accepted("a")), end);
      expect(taken.own).toEqual([]);
      expect(taken.log.asks).toMatchObject([{ id: "a", state: "waiting" }]);
    }
    expect(play(sending("a"), stopped("a"), event(accepted("a"))).own).toEqual([]);
  });
  it("that the log has already does not become one that is sent", () => {
    const logged = play(event(accepted("a")), event(cancelled("a")));
    expect(changeTurns(logged, sending("a"))).toBe(logged);
  });
  it("stays when the log is replaced by another one", () => {
    expect(orderOf(play(event(accepted("a")), sending("b"), { type: "reset" }))).toEqual(["b"]);
  });
  it("tells how far it is until it is over", () => {
    const progress = { stage: "uploading", file: 0, sent: 1, size: 2 } as const;
    const state = play(sending("a"), { type: "progress", ask: "a", progress });
    expect(state.own[0]?.turn.progress).toEqual(progress);
    const over = changeTurns(state, stopped("a"));
    expect(over.own[0]?.turn).not.toHaveProperty("progress");
    expect(changeTurns(over, { type: "progress", ask: "a", progress })).toBe(over);
  });
});

describe("hints of the server", () => {
  const hint: Change = { type: "progress", ask: "a", progress: { stage: "queued", position: 2 } };
  it("hold until the next event of the ask, and not for what is over or not known", () => {
    const waiting = play(event(accepted("a")), hint);
    expect(waiting.hints.get("a")).toEqual({ stage: "queued", position: 2 });
    expect(changeTurns(waiting, event(accepted("b"))).hints.get("a")).toBeDefined();
    const over = changeTurns(waiting, event(cancelled("a")));
    expect(over.hints.size).toBe(0);
    expect(changeTurns(over, hint)).toBe(over);
    expect(changeTurns(NO_TURNS, hint)).toBe(NO_TURNS);
  });
  it("of another engine call hold until that call has text, so that one knows how many there may be", () => {
    const progress = { stage: "waiting-for-engine", attempt: 2, of: 3 } as const;
    const announced = play(event(accepted("a")), { type: "progress", ask: "a", progress });
    const started = (attempt: number): Change => event({ ...accepted("a"), type: "started", engine: "e", attempt });
    expect(changeTurns(announced, started(1)).hints.size).toBe(0);
    const begun = changeTurns(announced, started(2));
    expect(begun.hints.get("a")).toBe(progress);
    expect(changeTurns(begun, event({ ...accepted("a"), type: "delta", text: "x", attempt: 2 })).hints.size).toBe(0);
  });
  it("tell no place in the queue while pages of another file are extracted, or once the engine was called", () => {
    const place = (file: number): Change => ({
      type: "progress",
      ask: "a",
      progress: { stage: "queued", file, position: 2 },
    });
    const pages = { stage: "extracting", file: 0, page: 3, pages: 9 } as const;
    const extracting = play(event(accepted("a")), { type: "progress", ask: "a", progress: pages });
    expect(changeTurns(extracting, place(1))).toBe(extracting);
    expect(changeTurns(extracting, place(0)).hints.get("a")).toMatchObject({ stage: "queued" });
    const asking = play(event(accepted("a")), event({ ...accepted("a"), type: "started", engine: "e", attempt: 1 }));
    expect(changeTurns(asking, place(0))).toBe(asking);
    const files = [{ name: "a.pdf", size: 1, sha256: "x" }];
    const extracted = { file: 0, pages: 3, chars: 9, missing: [], ocr: [], truncated: false };
    const read = play(
      event({ ...accepted("a"), files } as Event),
      event({ ...accepted("a"), type: "extracted", ...extracted } as Event),
      { type: "progress", ask: "a", progress: { stage: "asking" } },
    );
    expect(changeTurns(read, place(0))).toBe(read);
  });
  it("are part of the turn", () => {
    const { log, hints } = play(event(accepted("a")), hint);
    const [ask] = log.asks;
    expect(ask && turnOf(ask, hints.get("a"))).toMatchObject({ state: "running", progress: { position: 2 } });
  });
});

describe("the order", () => {
  it("is that of the log, then what is being sent", () => {
    const state = play(event(accepted("a")), sending("b"), sending("d"), event(accepted("other")));
    expect(orderOf(state)).toEqual(["a", "other", "b", "d"]);
  });
  it("keeps an ask that was stopped or refused where it stood, whatever is accepted later", () => {
    const begun = play(event(accepted("a")), sending("b"), sending("d"), sending("e"), stopped("d"));
    expect(orderOf(begun)).toEqual(["a", "b", "d", "e"]);
    const later = [accepted("b"), accepted("e"), accepted("f")].reduce((s, e) => changeTurns(s, event(e)), begun);
    expect(orderOf(later)).toEqual(["a", "b", "d", "e", "f"]);
    expect(orderOf(changeTurns(changeTurns(later, { type: "reset" }), event(accepted("g"))))).toEqual(["d", "g"]);
  });
  it("has an ask that is sent again at the end, and those behind it where they were", () => {
    const state = play(event(accepted("a")), sending("b"), sending("d"), refused("b"), stopped("d"));
    expect(orderOf(changeTurns(state, sending("b")))).toEqual(["a", "d", "b"]);
  });
  it("has each ask once, however they are sent, accepted, stopped and refused", () => {
    const id = fc.constantFrom("a", "b", "d", "e");
    const change = fc.oneof(
      id.map(sending),
      id.map(stopped),
      id.map(refused),
      id.map((ask) => event(accepted(ask))),
      id.map((ask) => event(cancelled(ask))),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const known = new Set<string>();
        let state = NO_TURNS;
        for (const by of changes) {
          const before = orderOf(state);
          state = changeTurns(state, by);
          if (by.type === "sending") known.add(by.id);
          if (by.type === "event" && by.event.type === "accepted") known.add(by.event.ask);
          const order = orderOf(state);
          expect(order.toSorted()).toEqual([...known].toSorted());
          // An ask takes another place only when it is sent or accepted.
          if (by.type === "stopped" || by.type === "refused") expect(order).toEqual(before);
        }
      }),
    );
  });
});
