import { describe, expect, it } from "vitest";
import { normalOrigin, originAllowed } from "./origin.ts";

describe("normalOrigin", () => {
  it.each([
    ["https://app.test", "https://app.test"],
    ["https://APP.test:443", "https://app.test"],
    ["HTTP://app.test:80", "http://app.test"],
    ["http://app.test:8080", "http://app.test:8080"],
    ["http://[::1]:3000", "http://[::1]:3000"],
    ["https://bücher.test", "https://xn--bcher-kva.test"],
  ])("makes %s into %s", (text, normal) => expect(normalOrigin(text)).toBe(normal));

  it.each([
    "null",
    "",
    "*",
    "file://",
    "chrome-extension://abc",
    "app.test",
    "https://app.test/",
    "https://app.test/path",
    "https://app.test?x",
    "https://user@app.test",
    "https://app.test\\evil.test",
    "https://app.test https://evil.test",
    "https://",
    "https://app.test:99999",
  ])("knows that %j is no web origin", (text) => expect(normalOrigin(text)).toBeUndefined());
});

describe("originAllowed", () => {
  const allowed = { listed: ["https://app.test"], onlyLocal: false };

  it.each([
    ["no browser", undefined, "edge.test", true],
    ["listed", "https://app.test", "edge.test", true],
    ["listed, written otherwise", "https://APP.test:443", "edge.test", true],
    ["own", "http://edge.test:3000", "edge.test:3000", true],
    ["own, default port", "https://edge.test", "edge.test", true],
    ["own, behind TLS with the port named", "https://edge.test", "EDGE.test:443", true],
    ["another host", "https://evil.test", "edge.test", false],
    ["a host that ends alike", "https://app.test.evil.test", "edge.test", false],
    ["a host that begins alike", "https://evil-app.test", "edge.test", false],
    ["another scheme of a listed one", "http://app.test", "edge.test", false],
    ["another port of the own one", "http://edge.test:3001", "edge.test:3000", false],
    ["null", "null", "null", false],
    ["empty", "", "edge.test", false],
    ["no host at all", "https://edge.test", undefined, false],
  ])("%s", (_name, origin, host, allows) => expect(originAllowed({ origin, host }, allowed)).toBe(allows));

  it("lists nobody by default", () => {
    expect(originAllowed({ origin: "https://app.test", host: "edge.test" }, { listed: [], onlyLocal: false })).toBe(
      false,
    );
  });

  it.each([
    ["http://localhost:3000", true],
    ["http://127.0.0.1:3000", true],
    ["http://[::1]:3000", true],
    ["http://app.localhost:3000", true],
    ["http://evil.test:3000", false],
    ["http://localhost.evil.test:3000", false],
    ["http://127.0.0.1.evil.test:3000", false],
    ["https://app.test", true],
  ])("of an edge that only this machine reaches: %s", (origin, allows) => {
    const { host } = new URL(origin);
    expect(originAllowed({ origin, host }, { ...allowed, onlyLocal: true })).toBe(allows);
  });
});
