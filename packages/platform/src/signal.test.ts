import { eventually, spawnNode, type TestProcess } from "@docrelay/testkit";
import { join } from "node:path";
import { expect, it } from "vitest";

const start = (name: string): TestProcess =>
  spawnNode(join(import.meta.dirname, `../test/${name}.ts`), { env: { WHERE: "ws://host" } });

it.each(["SIGINT", "SIGTERM"] as const)("%s ends a process in order", async (signal) => {
  await using child = start("process");
  await child.waitFor(/waiting/);
  child.kill(signal);
  expect(await child.exited).toEqual({ code: 0, signal: null });
  expect(child.lines.slice(-2)).toEqual([`ending by ${signal}`, "ended"]);
});

it("a second signal does not cut short what the first began, as Ctrl-C sends them through a launcher", async () => {
  await using child = start("process");
  await child.waitFor(/waiting/);
  child.kill("SIGINT");
  await child.waitFor(/ending/);
  child.kill("SIGINT");
  child.kill("SIGTERM");
  expect(await child.exited).toEqual({ code: 0, signal: null });
  expect(child.lines.at(-1)).toBe("ended");
});

it("the death of its parent, which sends no signal, ends it", async () => {
  await using parent = start("parent");
  const pid = Number((await parent.waitFor(/^child/)).split(" ")[1]);
  await parent.waitFor(/waiting/);
  parent.kill("SIGKILL");
  // Our own parent is a process of the test, so its death is seen by the child's ppid alone.
  await eventually(() => !isAlive(pid), { what: "the child's end" });
  expect(await parent.waitFor(/ending by/)).toBe("ending by parent-gone");
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
