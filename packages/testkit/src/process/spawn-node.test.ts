import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { spawnNode, type TestProcess } from "./spawn-node.ts";

const start = (...args: string[]): TestProcess =>
  spawnNode(join(import.meta.dirname, "../../test/child.ts"), { args, env: { OWN: "1" } });

/** The names of the environment variables that the child gets, in alphabetical order. */
const NAMES = ["HOME", ...(process.env["NODE_COMPILE_CACHE"] ? ["NODE_COMPILE_CACHE"] : []), "OWN", "PATH"].join(" ");

describe("a process under test", () => {
  it("gets its variables and nothing of ours but PATH, HOME and where compiled code is", async () => {
    await using child = start("exit");
    expect(await child.exited).toEqual({ code: 3, signal: null });
    expect(child.lines.toSorted()).toEqual([NAMES, "arguments exit"]);
  });

  it("can be waited for, line by line, also for what it has printed already", async () => {
    await using child = start("stay");
    expect(await child.waitFor(/^u/)).toBe("up");
    expect(await child.waitFor(/OWN/)).toBe(NAMES);
  });

  it("says what it printed when a line does not come in time, or before its exit", async () => {
    await using child = start("stay");
    await child.waitFor(/up/);
    await expect(child.waitFor(/never/, 10)).rejects.toThrow(/did not come within 10 ms; it printed:\n[^]*up/);
    const waiting = child.waitFor(/never/);
    child.kill();
    await expect(waiting).rejects.toThrow(/did not come before the exit/);
  });

  it("ends at SIGTERM, also when it is stopped, and by SIGKILL when it does not want to", async () => {
    const paused = start("stay");
    await paused.waitFor(/up/);
    paused.kill("SIGSTOP");
    expect(await paused.stop()).toEqual({ code: null, signal: "SIGTERM" });
    const stubborn = start("stubborn");
    await stubborn.waitFor(/up/);
    expect(await stubborn.stop(100)).toEqual({ code: null, signal: "SIGKILL" });
    expect(stubborn.lines).toContain("no");
  });
});
