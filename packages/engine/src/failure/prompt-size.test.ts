import { describe, expect, it } from "vitest";
import { closedFailure, failure } from "./engine-error.ts";
import { checkPromptSize, withPromptSize } from "./prompt-size.ts";

const sending = { bytes: 2_000_000, isSent: false, brokeBefore: false };

describe("a prompt that is too large", () => {
  it("is refused before it is sent when the operator's limit says so", () => {
    expect(() => checkPromptSize(11, 10)).toThrow(expect.objectContaining({ kind: "too-large", bytes: 11, limit: 10 }));
    checkPromptSize(10, 10);
    checkPromptSize(1e9, 0);
  });

  it.each([
    ["read limited at 32769 bytes", 32_769],
    ["Text message size [65537] exceeds maximum size [65536]", 65_536],
    ["message too big", undefined],
    ["code 1009, try 7", undefined],
    // The prompt has 2,000,000 bytes, fewer than this number. So this number cannot be the limit that the prompt
    // exceeded.
    ["limit 9000000", undefined],
  ])("is told with its size and the limit of the engine's words: %s", (said, limit) => {
    const error = closedFailure(1009, { said });
    expect(withPromptSize(error, sending)).toMatchObject({
      kind: "too-large",
      retry: "never",
      bytes: 2_000_000,
      limit,
      said,
    });
  });

  it("is supposed when a connection breaks twice while a large prompt is sent, and not otherwise", () => {
    const broken = closedFailure(1006);
    expect(withPromptSize(broken, sending)).toMatchObject({ why: "closed-1006", retry: "again", whileSending: true });
    expect(withPromptSize(broken, { ...sending, brokeBefore: true })).toMatchObject({
      why: "prompt-broken",
      bytes: 2_000_000,
    });
    for (const other of [{ isSent: true }, { bytes: 8192 }])
      expect(withPromptSize(broken, { ...sending, brokeBefore: true, ...other })).toBe(broken);
    const timeout = failure("timeout-send");
    expect(withPromptSize(timeout, { ...sending, brokeBefore: true })).toBe(timeout);
  });
});
