import type { Turn } from "@docrelay/client";
import { describe, expect, it } from "vitest";
import { announcementOf } from "../turn/announcement.ts";
import { isComposing } from "../composing/keys.ts";
import { countWords } from "./count-words.ts";
import { followsAfter, isAtEnd } from "./follow-end.ts";
import { goneTurns } from "./gone.ts";
import { titleOf } from "./title.ts";
import { waitingLine, withSeconds } from "./waiting-line.ts";

const turn = (id: string, more: Partial<Turn> = {}): Turn => ({
  id,
  question: "?",
  at: 0,
  files: [],
  state: "completed",
  text: "",
  attempt: 0,
  ...more,
});
const ids = (turns: readonly Turn[]): string[] => turns.map(({ id }) => id);

describe("following an answer's end", () => {
  const at = (top: number, height = 2000) => ({ top, height, view: 500 });
  it.each([
    ["stops with the first notch up", true, at(1500), at(1410), false],
    ["goes on while the content grows", true, at(1500), at(1500, 2400), true],
    ["begins again at the very end", false, at(1000), at(1499), true],
    ["does not begin again on the way down", false, at(1000), at(1200), false],
    ["goes on when the content shrinks", true, at(1500), at(1000, 1500), true],
  ])("%s", (_, follows, before, now, expected) => {
    expect(followsAfter(follows, before, now)).toBe(expected);
  });
  it("is at the end of a page that does not scroll", () => expect(isAtEnd(at(0, 500))).toBe(true));
});

describe("turns that the server no longer has", () => {
  it("stay, in their order, until they come back", () => {
    const [a, b, c] = [turn("a"), turn("b"), turn("c")];
    const lost = goneTurns([], [a, b], []);
    expect(ids(lost)).toEqual(["a", "b"]);
    expect(goneTurns(lost, [], [c])).toBe(lost);
    expect(ids(goneTurns(lost, [c], []))).toEqual(["a", "b", "c"]);
    expect(ids(goneTurns(lost, [], [turn("b")]))).toEqual(["a"]);
  });
  it("are none that a newer version stands for", () => {
    expect(goneTurns([], [turn("a")], [turn("b", { replaces: "a", versions: [turn("a")] })])).toEqual([]);
  });
  it("are none that are still being sent", () => {
    expect(goneTurns([], [turn("a", { state: "sending" })], [])).toEqual([]);
  });
});

describe("what is said while one waits", () => {
  const waits = (more: Partial<Turn>, ahead?: number): string =>
    waitingLine(turn("a", { state: "running", ...more }), ahead).text;
  it.each([
    [{ state: "sending" }, 0, "Sending…"],
    [{ state: "sending" }, 1, "Waiting for your earlier question"],
    [{ state: "sending", progress: { stage: "waiting" } }, 0, "Waiting its turn…"],
    [{}, 4, "Waiting for your 4 earlier questions"],
    [{ files: [{ name: "a.pdf", size: 1 }] }, 0, "Reading your files…"],
    [{ progress: { stage: "queued", position: 3 } }, 0, "Waiting: number 3 in line"],
    [{ attempt: 1 }, 0, "The engine is thinking…"],
    [{ attempt: 2 }, 0, "The engine is thinking, try 2…"],
    [
      { attempt: 2, progress: { stage: "waiting-for-engine", attempt: 2, of: 3 } },
      0,
      "The engine is thinking, try 2 of 3…",
    ],
    [
      { attempt: 1, progress: { stage: "waiting-for-engine", attempt: 2, of: 3 } },
      0,
      "The engine is restarting. Your question is asked as soon as it is back…",
    ],
  ] satisfies Array<[Partial<Turn>, number, string]>)("%j, %d ahead", (more, ahead, text) => {
    expect(waits(more, ahead)).toBe(text);
  });
  it("is the connection while there is none, also in the middle of an upload", () => {
    const uploading = { stage: "uploading", file: 0, sent: 1, size: 2 } as const;
    for (const more of [{}, { progress: uploading }])
      expect(waitingLine(turn("a", { state: "sending", ...more }), 1, true).text).toBe("Waiting for the connection…");
    expect(waitingLine(turn("a", { state: "running", attempt: 1 }), 0, true).text).toBe("The engine is thinking…");
  });
  it("has seconds after a while, where no bar shows how far it is", () => {
    expect(withSeconds({ text: "Sending…" }, 2)).toBe("Sending…");
    expect(withSeconds({ text: "Sending…" }, 12)).toBe("Sending… 12 sec");
    expect(withSeconds({ text: "Sending a.pdf", part: 0.5 }, 12)).toBe("Sending a.pdf");
  });
});

describe("what a screen reader is told", () => {
  const running = turn("a", { state: "running", attempt: 1 });
  it("is a short answer itself, and of a long one that it is there and how long", () => {
    expect(announcementOf(running, turn("a", { text: "Green." }))).toBe("Answer ready: Green.");
    const long = turn("a", { text: "one two ".repeat(1150) });
    expect(announcementOf(running, long)).toBe("Answer ready, 2,300 words.");
    expect(announcementOf(long, long)).toBeUndefined();
  });
  it("counts words also where no spaces stand between them", () => {
    expect(countWords("")).toBe(0);
    expect(countWords("The PDF has\n3 pages.")).toBe(5);
    expect(countWords("这个文件有三页")).toBe(7);
  });
});

describe("the title of the page", () => {
  it.each([
    ["", 0, "docrelay"],
    ["What is in\n it?", 0, "What is in it? – docrelay"],
    ["What is in it?", 1, "● Answer ready – What is in it? – docrelay"],
    ["What is in it?", 2, "● 2 answers ready – What is in it? – docrelay"],
    ["a".repeat(90), 0, `${"a".repeat(59)}… – docrelay`],
  ])("of %j with %d unread answers is %j", (question, unread, title) => expect(titleOf(question, unread)).toBe(title));
});

it.each([
  [{ isComposing: false, keyCode: 13 }, false],
  [{ isComposing: true, keyCode: 13 }, true],
  [{ isComposing: false, keyCode: 229 }, true],
])("a key %j belongs to an input method: %s", (key, expected) => expect(isComposing(key)).toBe(expected));
