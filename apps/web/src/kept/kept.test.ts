import type { Turn } from "@docrelay/client";
import { describe, expect, it } from "vitest";
import { fileName, search, toJson, toMarkdown } from "./kept.ts";

const TURN: Turn = {
  id: "a2",
  question: "What colour\nis it?",
  at: 0,
  files: [{ name: "a.pdf", size: 3 }],
  state: "completed",
  text: "It is *green*.\n",
  attempt: 1,
  citations: [
    { file: 0, page: 1 },
    { file: 0, page: 1 },
  ],
  versions: [
    { id: "a1", question: "What?", at: 0, files: [], state: "cancelled", text: "", attempt: 0, replacedBy: "a2" },
  ],
};

describe("kept conversations", () => {
  it("are found by the words of titles and files, in any case and accents", () => {
    const all = [
      { title: "Prüfung der Rechnung", files: ["März.pdf"] },
      { title: "Other", files: [] },
    ];
    expect(search(all, "rechnung MARZ")).toEqual([all[0]]);
    expect(search(all, " ")).toEqual(all);
    expect(search(all, "rechnung other")).toEqual([]);
  });

  it("are saved as Markdown, each page once", () => {
    expect(toMarkdown([TURN])).toBe("## What colour\n\nis it?\n\n- a.pdf\n\nIt is *green*.\n\n> a.pdf, p. 1\n");
  });

  it("are saved as JSON with their earlier versions", () => {
    const { conversation, asks } = JSON.parse(toJson("c", [TURN])) as { conversation: string; asks: Turn[] };
    expect([conversation, ...asks.map(({ id, state }) => `${id} ${state}`)]).toEqual([
      "c",
      "a1 cancelled",
      "a2 completed",
    ]);
    expect(asks[1]).toMatchObject({ at: "1970-01-01T00:00:00.000Z", text: TURN.text, files: [{ name: "a.pdf" }] });
  });

  it("get names that every file system takes", () => {
    expect(fileName("../a: b? ", "md")).toBe("a b.md");
    expect(fileName("???", "json")).toBe("conversation.json");
    expect(fileName("x".repeat(100), "md")).toHaveLength(63);
  });
});
