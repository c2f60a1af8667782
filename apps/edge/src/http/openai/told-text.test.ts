import { Refusal, type Event } from "@docrelay/protocol";
import { describe, expect, it } from "vitest";
import { NOTHING_TOLD, tell } from "./told-text.ts";

const started = { type: "started" } as Event;
const delta = (text: string): Event => ({ type: "delta", text }) as Event;
const completed = (text: string): Event => ({ type: "completed", text }) as Event;

function pieces(...events: Event[]): string[] {
  let state = NOTHING_TOLD;
  return events.map((event) => {
    const step = tell(state, event);
    ({ state } = step);
    return step.piece;
  });
}

describe("the text that a client is told", () => {
  it("is each delta, and what the end has more", () => {
    expect(pieces(started, delta("one "), delta("two"), completed("one two"))).toEqual(["", "one ", "two", ""]);
    expect(pieces(started, completed("one"))).toEqual(["", "one"]);
    expect(pieces(started, delta("one"), completed("one two"))).toEqual(["", "one", " two"]);
  });

  it("goes on where a further attempt says the same", () => {
    const again = [delta("on"), delta("e tw"), delta("o!"), completed("one two!")];
    expect(pieces(started, delta("one "), delta("tw"), started, ...again).slice(4)).toEqual(["", "", "o!", ""]);
  });

  it("is void where a further attempt says something else", () => {
    expect(() => pieces(started, delta("one"), started, delta("two"))).toThrow(Refusal);
    expect(() => pieces(started, delta("one"), started, delta("on"), completed("on"))).toThrow(/begun anew/);
  });
});
