import { RelayError, type Turn } from "@docrelay/client";
import { expect, it } from "vitest";
import { chunksOf, type Told } from "./chunks.ts";

const base: Turn = { id: "q", question: "?", at: 1, files: [], state: "sending", text: "", attempt: 0 };

/**
 * Makes the chunks for each step of a turn. Returns the types of each step's chunks, and the text that a reader has at
 * the end.
 */
function tell(...steps: ReadonlyArray<Partial<Turn>>): { types: string[][]; text: string } {
  let told: Told = {};
  let text = "";
  const types = steps.map((step) => {
    const turn = { ...base, ...step };
    const chunks = chunksOf(told, turn);
    for (const chunk of chunks) {
      if (chunk.type === "reset-step") text = "";
      if (chunk.type === "text-delta") text += chunk.delta;
    }
    told = { turn, text: turn.text || undefined };
    return chunks.map(({ type }) => type);
  });
  return { types, text };
}
const running = { state: "running", attempt: 1 } as const;

it("an answer begins when it is accepted, grows, and ends once", () => {
  const { types, text } = tell(
    {},
    { state: "running" },
    { ...running, text: "a" },
    { ...running, text: "ab" },
    { ...running, state: "completed", text: "ab" },
  );
  expect(types).toEqual([
    [],
    ["start"],
    ["start-step", "text-start", "text-delta"],
    ["text-delta"],
    ["text-end", "finish-step", "finish"],
  ]);
  expect(text).toBe("ab");
});

it("text of a void attempt, and of a log that was replaced, is taken back", () => {
  expect(
    tell({ ...running, text: "WRONG" }, { ...running, attempt: 2 }, { ...running, attempt: 2, text: "right" }).text,
  ).toBe("right");
  expect(tell({ ...running, text: "one two" }, { ...running, text: "one" }).text).toBe("one");
  expect(tell({ ...running, text: "half" }, { ...running, state: "completed", text: "the whole" }).text).toBe(
    "the whole",
  );
});

it("a refused ask has no message; a cancelled one ends as interrupted with its text", () => {
  const error = new RelayError({ code: "BUSY", message: "busy", retryable: true });
  expect(tell({}, { state: "failed", error }).types).toEqual([[], []]);
  expect(
    chunksOf(
      { turn: { ...base, ...running, text: "a" }, text: "a" },
      { ...base, ...running, state: "cancelled", text: "a" },
    ).at(-1),
  ).toMatchObject({
    type: "finish",
    finishReason: "interrupted",
    messageMetadata: { ask: "q", state: "cancelled" },
  });
});

it("what was read of a file is told once, and progress only while nobody has text", () => {
  const files = [{ name: "a.pdf", size: 1, pages: 2 }];
  const { types } = tell(
    { progress: { stage: "waiting" } },
    { ...running, files },
    { ...running, files: [...files], text: "a" },
  );
  expect(types).toEqual([["data-progress"], ["start", "data-extracted"], ["start-step", "text-start", "text-delta"]]);
});
