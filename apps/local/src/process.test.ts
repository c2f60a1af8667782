import { eventually } from "@docrelay/testkit";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { startProcess, type LogLine, type Running } from "./process.ts";
import { supervise } from "./supervisor.ts";

const start = (how: string, onLine: (line: LogLine) => void = () => undefined): Running =>
  startProcess("it", join(import.meta.dirname, "../test/mortal.ts"), { HOW: how }, onLine);

describe("a process", () => {
  it("is ready when it announces it, and passes its lines on, plain text too", async () => {
    const lines: LogLine[] = [];
    const one = start("listen", (line) => lines.push(line));
    expect(await one.ready).toEqual({ type: "ready", port: 7 });
    await one.stop();
    expect(await one.exited).toEqual({ code: null, signal: "SIGTERM" });
    expect(lines).toContainEqual({ level: "info", text: "some words for people" });
  });

  it("has minutes to become ready: a busy machine is no reason to give up", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const one = start("silent");
      const outcome = one.ready.then(
        () => "ready",
        (error: Error) => error.message,
      );
      await vi.advanceTimersByTimeAsync(179_000);
      expect(await Promise.race([outcome, Promise.resolve("waiting")])).toBe("waiting");
      await vi.advanceTimersByTimeAsync(2000);
      expect(await outcome).toContain("was not ready after 180 s");
      one.child.kill("SIGKILL");
      await one.exited;
    } finally {
      vi.useRealTimers();
    }
  });

  it("that ends before it is ready says what it printed", async () => {
    const one = start("fail");
    await expect(one.ready).rejects.toThrow("it ended before it was ready\nsome words for people");
    expect((await one.exited).code).toBe(4);
  });

  it("is killed when it does not end by itself", async () => {
    const one = start("stubborn");
    await one.ready;
    await one.stop(50);
    expect((await one.exited).signal).toBe("SIGKILL");
  });
});

describe("supervision", () => {
  it("starts a process again that ended unasked, later each time, and not once it was told to stop", async () => {
    const said: string[] = [];
    let starts = 0;
    const one = supervise(
      () => {
        starts++;
        return start(starts < 3 ? "die" : "listen");
      },
      (text) => said.push(text),
      new AbortController().signal,
    );
    await eventually(() => starts === 3);
    await one.running.ready;
    await one.stop(1000);
    expect(said).toEqual([
      "it ended (exit 5) and is started again in 0.5 s",
      "it ended (exit 5) and is started again in 1 s",
    ]);
    expect(starts).toBe(3);
  });

  it("says nothing of a process that Ctrl-C reached before us", async () => {
    const said: string[] = [];
    const ending = new AbortController();
    const one = supervise(
      () => start("die"),
      (text) => said.push(text),
      ending.signal,
    );
    await one.running.ready;
    ending.abort();
    await one.running.exited;
    await one.stop(1000);
    expect(said).toEqual([]);
  });
});
