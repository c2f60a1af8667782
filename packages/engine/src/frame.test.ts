import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { askFrame, isNoise, readFrame, TEXT_FIELDS, type FrameRule, type ReplyFrame } from "./frame.ts";
import { promptText } from "@docrelay/testkit";

const RULE: FrameRule = { uniqueId: "u1", mustEcho: false, textFields: TEXT_FIELDS };
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
    const never = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !text.trimStart().startsWith("{"));
    fc.assert(
      fc.property(
        fc.oneof(never, fc.constantFrom("{", "{not json", '{"a":', "[1]", '"quoted"', "42", "null", "  ")),
        (raw) => {
          expect(readFrame(raw, RULE)).toEqual({ text: raw, sign: "none", json: false, echoed: false });
        },
      ),
    );
  });

  it("is undefined in a JSON object that has none", () => {
    expect(read({ type: "chat", message: 7, text: ["a"] })).toMatchObject({ text: undefined, json: true });
  });
});

describe("readFrame: text of engines as they are", () => {
  it.each(["\ufeff", "\u00a0", "\ufeff \n", "\u2003"])("is read behind %j, which JSON.parse refuses", (mark) => {
    expect(readFrame(`${mark}{"message":"x","type":"end"}${mark}`, RULE)).toMatchObject({ text: "x", sign: "end" });
  });

  it("is taken from the operator's own fields first, also from deep ones", () => {
    const rule = { ...RULE, textFields: ["out.parts.1.t", "a.b", ...TEXT_FIELDS] };
    expect(read({ out: { parts: [{}, { t: "deep" }] }, message: "x" }, rule)).toMatchObject({ text: "deep" });
    expect(read({ "a.b": "named so", message: "x" }, rule)).toMatchObject({ text: "named so" });
    expect(read({ out: { parts: [] }, message: "x" }, rule)).toMatchObject({ text: "x" });
    expect(
      read({ out: null, a: 1 }, { ...RULE, textFields: ["out.parts", "a.b.c", "__proto__.x", "a.constructor.name"] }),
    ).toMatchObject({ text: undefined });
  });

  it("is that of a chunk of a chat completion", () => {
    const chunk = (delta: object) => ({ object: "chat.completion.chunk", choices: [{ index: 0, delta }] });
    expect(read(chunk({ content: "a" }))).toMatchObject({ text: "a", sign: "more" });
    expect(read(chunk({ role: "assistant" }))).toMatchObject({ text: undefined, sign: "none" });
    for (const raw of ["[DONE]", "data: [DONE]\n\n"])
      expect(readFrame(raw, RULE)).toEqual({ text: undefined, sign: "end", json: false, echoed: false });
  });
});

describe("readFrame: suggestions", () => {
  it.each([
    [
      ["What else?", " And\nthen? ", "What else?"],
      ["What else?", "And then?"],
    ],
    [Array.from({ length: 9 }, (_, n) => `q${n}`), ["q0", "q1", "q2", "q3", "q4"]],
    [["x".repeat(201), "\u0000", 7, null, { text: "no" }], undefined],
    ["What else?", undefined],
    [[], undefined],
  ])("of %j are %j", (suggestions, expected) => {
    const frame = read({ type: "end", suggestions });
    expect("suggestions" in frame ? frame.suggestions : undefined).toEqual(expected);
  });
});

describe("readFrame: sign", () => {
  it.each([
    [{ type: "end", message: "x" }, "end"],
    [{ type: "done", message: "x" }, "end"],
    [{ type: "completed", message: "x" }, "whole"],
    [{ type: "completed" }, "end"],
    [{ type: "end" }, "end"],
    [{ type: "delta", message: "x" }, "more"],
    [{ type: "chunk", data: "x" }, "more", undefined],
    [{ delta: "x" }, "more", "x"],
    [{ delta: 1 }, "none"],
    [{ type: "chat", message: "x" }, "none"],
    [{ type: "END", message: "x" }, "none"],
    [{ message: "x" }, "none"],
    [{ type: 1, message: "x" }, "none"],
    [{ type: null, message: "x" }, "none"],
    [{ type: "status", message: "Thinking" }, "status"],
    [{ type: "ping" }, "status"],
  ])("of %j is %s", (frame, sign, text = "message" in frame && sign !== "status" ? frame.message : undefined) => {
    expect(read(frame)).toMatchObject({ sign, text });
  });

  it("of an empty frame is that of a status, and both may come between replies", () => {
    expect(readFrame("", { ...RULE, mustEcho: true })).toMatchObject({ sign: "status" });
    expect(read({ type: "heartbeat" }, { ...RULE, mustEcho: true })).toMatchObject({ sign: "status" });
    for (const raw of ["", '{"type":"ping"}', '\ufeff{"type":"status","message":"x"}']) expect(isNoise(raw)).toBe(true);
    for (const raw of [" ", "x", '{"message":"x"}', '{"type":"end"}', "{type:ping}"]) expect(isNoise(raw)).toBe(false);
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
        fc.constantFrom(RULE, { ...RULE, mustEcho: true }),
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
