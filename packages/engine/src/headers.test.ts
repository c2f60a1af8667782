import { describe, expect, it } from "vitest";
import { parseHeaders } from "./headers.ts";

describe("headers of a setting", () => {
  it.each([
    ["Authorization: Bearer a:b", { Authorization: "Bearer a:b" }],
    ["A: 1\n\r\n B:2 \n", { A: "1", B: "2" }],
    ['{"X-Key":"k","Origin":"https://o"}', { "X-Key": "k", Origin: "https://o" }],
    ["", {}],
  ])("are read from %j", (text, headers) => expect(parseHeaders(text)).toEqual({ headers }));

  it.each([
    ["secret", /Name: value/],
    [": secret", /Name: value/],
    ['{"a":1}', /Name: value/],
    ["{secret", /Name: value/],
    ["a b: secret", /no HTTP header may have/],
    ['{"a":"se\\ncret"}', /no HTTP header may have/],
    ["Upgrade: secret", /must not set Upgrade/],
    ["sec-websocket-key: secret", /must not set/],
  ])("are refused as %j, without repeating a value", (text, words) => {
    const { problem } = parseHeaders(text) as { problem: string };
    expect(problem).toMatch(words);
    expect(problem).not.toContain("secret");
  });
});
