import type { Turn } from "@docrelay/client";
import { expect, it } from "vitest";
import { fileRef, toUIMessages } from "./messages.ts";
import { filesOf, textOf } from "./question.ts";

const turn: Turn = {
  id: "q",
  question: "what?",
  at: 1,
  files: [{ name: "a.pdf", size: 3, upload: "u", pages: 2 }],
  state: "completed",
  text: "that",
  attempt: 1,
  citations: [{ file: 0, page: 2 }],
};

it("a turn is two messages with fixed ids, the same objects until it changes", () => {
  const [asked, answer] = toUIMessages([turn]);
  expect(asked).toMatchObject({ id: "q", role: "user", metadata: { ask: "q", state: "completed" } });
  expect(answer).toMatchObject({ id: "a-q", role: "assistant" });
  expect(answer?.parts.map(({ type }) => type)).toEqual(["data-extracted", "step-start", "text", "source-document"]);
  expect(toUIMessages([turn])[1]).toBe(answer);
  expect(toUIMessages([{ ...turn, state: "running", text: "" }])).toHaveLength(1);
});

it("a message's files and text are those of the ask that it came from", () => {
  const [asked] = toUIMessages([turn]);
  if (!asked) throw new Error("no message");
  expect([textOf(asked), filesOf(asked)]).toEqual(["what?", [{ upload: "u", name: "a.pdf" }]]);
  expect(fileRef({ upload: "u", name: "a.pdf" })).toEqual(asked.parts[0]);
});

it("files with bytes are those of data urls; others are refused", () => {
  const file = { type: "file", mediaType: "application/pdf", filename: "b.pdf" } as const;

  const [read] = filesOf({ id: "m", role: "user", parts: [{ ...file, url: "data:application/pdf;base64,JVBERg==" }] });
  expect(read).toEqual({ name: "b.pdf", type: "application/pdf", bytes: new TextEncoder().encode("%PDF") });
  expect(() => filesOf({ id: "m", role: "user", parts: [{ ...file, url: "https://example.org/b.pdf" }] })).toThrow(
    "fileRef",
  );
});
