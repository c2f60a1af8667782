import type { EventOf } from "@docrelay/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorFrame, replyFrame, withUniqueId } from "./reply.ts";
import { wireError } from "@docrelay/protocol";

const completed = (frame?: string): EventOf<"completed"> => ({
  type: "completed",
  conversation: "c",
  seq: 3,
  nonce: "n",
  ask: "a",
  attempt: 1,
  at: 0,
  text: "whole",
  timings: { queuedMs: 0, extractMs: 0, firstTokenMs: 0, totalMs: 0 },
  ...(frame === undefined ? {} : { frame }),
});

describe("the reply frame", () => {
  it("is the engine's, byte for byte but for the client's own id", () => {
    const frame =
      '{ "message" : "a\\u00e9", "n": 12345678901234567890, "unique_id" :"theirs" , "x":[{"unique_id":"in"}]}';
    expect(replyFrame(completed(frame), "mine")).toBe(frame.replace('"theirs"', '"mine"'));
    expect(replyFrame(completed(frame), null)).toBe(frame.replace('"theirs"', "null"));
    expect(replyFrame(completed('{"message":"m","unique_id":"mine"}'), "mine")).toBe(
      '{"message":"m","unique_id":"mine"}',
    );
  });

  it("gets the id when the engine's had none, and loses one that the client never sent", () => {
    expect(withUniqueId('{"a":1 }', "mine")).toBe('{"a":1 ,"unique_id":"mine"}');
    expect(withUniqueId("{}", "mine")).toBe('{"unique_id":"mine"}');
    expect(withUniqueId('{"a":1, "unique_id":"opaque","b":[2]}', undefined)).toBe('{"a":1,"b":[2]}');
    expect(withUniqueId('{"a": 1}', undefined)).toBe('{"a": 1}');
  });

  it("is made of the whole text when there is none, or none that is an object", () => {
    const made = JSON.stringify({ message: "whole", type: "chat", unique_id: "mine" });
    for (const frame of [undefined, "[1]", '"x"', "null", "{"]) expect(replyFrame(completed(frame), "mine")).toBe(made);
  });

  it("says the same as parsing, setting and printing would, for any object", () => {
    const key = fc.oneof(fc.string(), fc.constantFrom("unique_id", 'a"b', "\\\\b", "{", "}"));
    fc.assert(
      fc.property(
        fc.dictionary(key, fc.jsonValue()),
        fc.string(),
        fc.option(fc.constantFrom(1, "\t")),
        (value, id, indent) => {
          const json = JSON.stringify(value, null, indent ?? undefined);
          // After a key that ends with a backslash, V8's JSON.parse gives some later keys this name
          // (findings/v8-json-parse-key.sh), so the test cannot compare them.
          fc.pre(!/\\\\"\s*:/.test(json));
          const reparsed = JSON.parse(json) as object;
          expect(JSON.parse(withUniqueId(json, id) ?? "")).toEqual({ ...reparsed, unique_id: id });
          const { unique_id: _gone, ...rest } = reparsed as { unique_id?: unknown };
          expect(JSON.parse(withUniqueId(json, undefined) ?? "")).toEqual(rest);
        },
      ),
    );
  });
});

it("an error frame has the contract's five fields", () => {
  expect(JSON.parse(errorFrame(wireError("BUSY", { message: "m" }), "u"))).toEqual({
    type: "error",
    code: "BUSY",
    message: "m",
    retryable: true,
    unique_id: "u",
  });
});
