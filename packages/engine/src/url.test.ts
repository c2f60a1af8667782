import { describe, expect, it } from "vitest";
import { engineName, engineUrlProblem } from "./url.ts";

describe("engineUrlProblem", () => {
  it.each([
    "ws://engine:7800",
    "wss://engine.example/ws/chat/?a=b",
    "ws://127.0.0.1:7800",
    "ws://[::1]:7800",
    "ws://10.0.0.1",
    "http://localhost:11434/v1",
    "https://api.example/v1/?api-version=1",
  ])("takes %s", (url) => {
    expect(engineUrlProblem(url)).toBeUndefined();
  });

  it.each([
    ["file:///etc/passwd", /ws:\/\/.* or https:\/\//],
    ["javascript:alert(1)", /ws:\/\/.* or https:\/\//],
    ["engine:7800", /ws:\/\/.* or https:\/\//],
    ["https://key@host/v1", /user name or password/],
    ["ws://user:pass@engine", /user name or password/],
    ["ws://token@engine", /user name or password/],
    ["ws://engine/#", /# part/],
    ["ws://engine/#part", /# part/],
    ["ws://", /must be a URL/],
    ["", /must be a URL/],
    ["ws://engine:99999", /must be a URL/],
  ])("refuses %s in a sentence that does not repeat it", (url, sentence) => {
    expect(engineUrlProblem(url)).toMatch(sentence);
    expect(engineUrlProblem(url)).not.toMatch(/pass@|token@|key@|etc/);
  });
});

describe("engineName", () => {
  it.each(["ws://metadata.internal:81/key-abc", "wss://metadata.internal/key-abc?token=1"])(
    "says nothing of the address of %s",
    (url) => {
      expect(engineName(url)).toMatch(/^websocket( \(TLS\))?$/);
    },
  );
});
