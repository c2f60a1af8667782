import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { askFrame, readFrame, type FrameRule, type ReplyFrame } from "./frame.ts";
import { promptText } from "@docrelay/testkit";

const RULE: FrameRule = { reply: "single", uniqueId: "u1", mustEcho: false };
const STREAM: FrameRule = { ...RULE, reply: "stream" };
const read = (frame: object, rule = RULE) => readFrame(JSON.stringify(frame), rule);
const FIELDS = ["message", "response", "reply", "text", "content", "delta"];

describe("askFrame", () => {
  it("is the original frame: three fields in their order", () => {
    expect(askFrame("hi\n\n--- File", "user-uuid").toString()).toBe(
      '{"message":"hi\\n\\n--- File","type":"chat","unique_id":"user-uuid"}',
    );
  });

  it("is the same in parts as in one piece, and each time that they come", () => {
    const text = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(fc.array(fc.oneof(text, fc.array(text))), text, (parts, uniqueId) => {
        const whole = JSON.stringify({ message: promptText(parts), type: "chat", unique_id: uniqueId });
        for (const _ of [1, 2]) expect(askFrame(parts, uniqueId).toString()).toBe(whole);
      }),
    );
  });
});

describe("readFrame: text", () => {
  it("is the first of the known fields that is a string, whatever order they come in", () => {
    const value = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.constant({}), fc.boolean());
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...FIELDS), value, { noNullPrototype: true }), (frame) => {
        const wanted = FIELDS.map((field) => frame[field]).find((one) => typeof one === "string");
        expect(read(frame)).toMatchObject({ json: true, text: wanted });
      }),
    );
  });

  it("is the frame itself, unchanged, when that is not a JSON object", () => {
    const never = fc.string({ unit: "grapheme" }).filter((text) => !text.trimStart().startsWith("{"));
    fc.assert(
      fc.property(
        fc.oneof(never, fc.constantFrom("{", "{not json", '{"a":', "[1]", '"quoted"', "42", "null", "", "  ")),
        (raw) => {
          expect(readFrame(raw, RULE)).toEqual({ text: raw, last: true, whole: true, json: false, echoed: false });
          expect(readFrame(raw, STREAM)).toEqual({ text: raw, last: false, whole: false, json: false, echoed: false });
        },
      ),
    );
  });

  it("is undefined in a JSON object that has none", () => {
    expect(read({ type: "chat", message: 7, text: ["a"] })).toMatchObject({ text: undefined, json: true });
  });
});

describe("readFrame: end", () => {
  it.each(["end", "done", "completed"])("a stream ends with %s", (type) => {
    expect(read({ type, message: "x" }, STREAM)).toMatchObject({ last: true, whole: type === "completed" });
    expect(read({ type }, STREAM)).toMatchObject({ last: true, whole: false, text: undefined });
  });

  it.each(["chat", "delta", "start", "END", undefined, 1, null])("a stream does not end with %s", (type) => {
    expect(read({ type, message: "x" }, STREAM)).toMatchObject({ last: false, whole: false });
  });

  it("any frame is the whole of a single reply", () => {
    expect(read({ type: "delta", message: "x" })).toMatchObject({ last: true, whole: true });
  });
});

describe("readFrame: refusals", () => {
  it.each([
    [{ type: "error", message: "no" }, { said: "no" }],
    [{ error: "no" }, { said: "no" }],
    [{ error: { code: 1 } }, {}],
    [{ error: { message: "deep", code: "c" } }, { said: "deep" }],
    [{ error: true, detail: "why" }, { said: "why" }],
    [{ message: "x", error: "no" }, { said: "no" }],
    [{ type: "error" }, {}],
    [
      { error: "busy", retry: true },
      { said: "busy", retry: "again" },
    ],
    [{ error: { message: "busy", retry_after: 3 } }, { said: "busy", retry: "again" }],
    [{ error: "no", retryable: false }, { said: "no" }],
  ])("fails on %j", (frame, more) => {
    expect(read(frame)).toEqual({ refused: "error", ...more });
    expect(read(frame, STREAM)).toEqual({ refused: "error", ...more });
  });

  it.each([null, false, "", undefined, 0, {}, []])("an error field that holds %j says that there is none", (error) => {
    expect(read({ message: "x", error })).toMatchObject({ text: "x" });
  });

  it("refuses another ask's unique_id, and takes its own, also as a number", () => {
    expect(read({ message: "x", unique_id: "u1" })).toMatchObject({ text: "x", echoed: true });
    expect(read({ message: "x", unique_id: 7 }, { ...RULE, uniqueId: "7" })).toMatchObject({ text: "x", echoed: true });
    for (const unique_id of ["u2", "", "U1", 7, {}, true])
      expect(read({ message: "x", unique_id })).toEqual({ refused: "unique-id" });
  });

  it("takes a frame without unique_id, unless it could be somebody else's", () => {
    for (const frame of [{ message: "x" }, { message: "x", unique_id: null }]) {
      expect(read(frame)).toMatchObject({ text: "x", echoed: false });
      expect(read(frame, { ...RULE, mustEcho: true })).toEqual({ refused: "unique-id" });
    }
    expect(readFrame("plain", { ...RULE, mustEcho: true })).toEqual({ refused: "unique-id" });
    expect(readFrame("plain", { ...STREAM, mustEcho: true })).toEqual({ refused: "unique-id" });
  });

  it("refuses what is nested too deeply to be written again", () => {
    const nested = (levels: number): string => `{"message":"x","more":${"[".repeat(levels)}${"]".repeat(levels)}}`;
    expect(readFrame(nested(63), RULE)).toMatchObject({ text: "x" });
    expect(readFrame(nested(64), RULE)).toEqual({ refused: "depth" });
  });

  it("never throws", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.string().map((text) => `{${text}`),
        ),
        fc.constantFrom(RULE, STREAM),
        (raw, rule) => {
          expect(readFrame(raw, rule)).toBeTypeOf("object");
        },
      ),
    );
  });
});

describe("readFrame: citations", () => {
  const citations = (value: unknown) => (read({ message: "x", citations: value }) as ReplyFrame).citations;

  it("takes whole numbers from 0 and 1 on, and nothing else of them", () => {
    const bad = [
      null,
      1,
      "a",
      {},
      { file: -1, page: 1 },
      { file: 0, page: 0 },
      { file: 0.5, page: 1 },
      { file: "0", page: 1 },
      { file: 0, page: 1e300 },
    ];
    expect(citations([...bad, { file: 1, page: 3, more: "x" }])).toEqual([{ file: 1, page: 3 }]);
  });

  it("takes 50 at most, and none from what is no list", () => {
    expect(citations(Array.from({ length: 1000 }, (_, page) => ({ file: 0, page: page + 1 })))).toHaveLength(50);
    expect(citations({ file: 0, page: 1 })).toBeUndefined();
    expect(citations(undefined)).toBeUndefined();
  });
});
