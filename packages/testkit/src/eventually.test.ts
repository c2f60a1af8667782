import { describe, expect, it } from "vitest";
import { eventually } from "./eventually.ts";

describe("eventually", () => {
  it("returns the first truthy answer, a throw being no answer yet", async () => {
    let asked = 0;
    const answer = await eventually(
      () => {
        asked++;
        if (asked === 1) throw new Error("not yet");
        return asked < 4 ? 0 : `asked ${asked} times`;
      },
      { everyMs: 1 },
    );
    expect(answer).toBe("asked 4 times");
  });

  it("says what did not happen, and why it threw last", async () => {
    const waiting = eventually(() => Promise.reject(new Error("connection refused")), {
      timeoutMs: 30,
      everyMs: 1,
      what: "the answer",
    });
    await expect(waiting).rejects.toMatchObject({
      message: "the answer did not happen within 30 ms",
      cause: { message: "connection refused" },
    });
  });

  it("asks at least once", async () => {
    expect(await eventually(() => true, { timeoutMs: 0 })).toBe(true);
  });
});
