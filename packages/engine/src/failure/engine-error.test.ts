import { describe, expect, it } from "vitest";
import { closedCause, httpCause, type CauseName } from "./causes.ts";
import { cleanText, secretsOf } from "./clean-text.ts";
import { connectFailure } from "./connect-failure.ts";
import { retryAfterMs } from "./engine-error.ts";

describe("names of causes", () => {
  it("are few, whatever an engine sends: they are labels of a metric", () => {
    const names = new Set<CauseName>();
    for (let status = 0; status < 1000; status++) names.add(httpCause(status).name);
    for (let code = 0; code < 70_000; code++) names.add(closedCause(code).name);
    expect(names.size).toBeLessThan(45);
  });
});

describe("a connection that did not open", () => {
  it.each(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"])(
    "because this machine has no room for it, %s, may open later",
    (code) => {
      const error = Object.assign(new Error(`connect ${code}`), { code, syscall: "connect" });
      expect(connectFailure(error, [])).toMatchObject({ kind: "unavailable", why: "exhausted", retry: "away" });
    },
  );
});

describe("a Retry-After", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  it.each([
    ["7", 7000],
    ["0", 0],
    ["-5", 0],
    ["0.5", 500],
    ["999999999", 3_600_000],
    ["Thu, 01 Jan 2026 00:00:30 GMT", 30_000],
    ["Wed, 31 Dec 2025 23:00:00 GMT", 0],
    ["soon", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("of %j is %j ms", (header, ms) => expect(retryAfterMs(header, now)).toBe(ms));
});

describe("a text of an engine", () => {
  it("loses what would break a line or turn its direction, and stays bounded", () => {
    expect(cleanText("a\r\n\tb\u0000\u001b[31mc\u202ed\u2028e")).toBe("a b [31mc d e");
    expect(cleanText(" \u200b\n")).toBeUndefined();
    expect(cleanText(`${"x".repeat(299)}😀`)).toBe(`${"x".repeat(299)}\ufffd…`);
  });

  it("loses the secrets of the engine's address and headers, also where the cut would halve one", () => {
    const secrets = secretsOf("wss://host/a?token=abc%20def&v=1&key=hunter2", { Authorization: "Bearer sk-12345" });
    const said = `abc%20def abc def hunter2 sk-12345 Bearer sk-12345 1 ${"x".repeat(242)}hunter2`;
    expect(cleanText(said, secrets)).toBe(`… … … … … 1 ${"x".repeat(242)}…`);
  });
});
