import { eventually, spawnNode, type TestProcess } from "@docrelay/testkit";
import { join } from "node:path";
import { expect, it } from "vitest";

const start = (name: string, ...args: string[]): TestProcess =>
  spawnNode(join(import.meta.dirname, `../test/${name}.ts`), { args, env: { WHERE: "ws://host" } });

it.each(["SIGINT", "SIGTERM"] as const)("%s ends a process in order", async (signal) => {
  await using child = start("process");
  await child.waitFor(/waiting/);
  child.kill(signal);
  expect(await child.exited).toEqual({ code: 0, signal: null });
  expect(child.lines.filter((line) => line.startsWith("end"))).toEqual([`ending by ${signal}`, "ended"]);
});

it("a second signal does not cut short what the first began, as Ctrl-C sends them through a launcher", async () => {
  await using child = start("process");
  await child.waitFor(/waiting/);
  child.kill("SIGINT");
  await child.waitFor(/ending/);
  child.kill("SIGINT");
  child.kill("SIGTERM");
  expect(await child.exited).toEqual({ code: 0, signal: null });
  expect(child.lines).toContain("ended");
});

it("the death of its launcher, which sends no signal, ends it", async () => {
  await using parent = start("parent", "ipc");
  const pid = Number((await parent.waitFor(/^child/)).split(" ")[1]);
  await parent.waitFor(/waiting/);
  parent.kill("SIGKILL");
  await eventually(() => !isAlive(pid), { what: "the child's end" });
  expect(await parent.waitFor(/ending by/)).toBe("ending by parent-gone");
});

it("the death of a parent that is no launcher, such as a shell, leaves it running", async () => {
  await using parent = start("parent");
  const pid = Number((await parent.waitFor(/^child/)).split(" ")[1]);
  await parent.waitFor(/waiting/);
  parent.kill("SIGKILL");
  const before = parent.lines.length;
  await eventually(() => parent.lines.slice(before).filter((line) => line.startsWith("tick")).length > 5);
  process.kill(pid, "SIGTERM");
  expect(await parent.waitFor(/ending by/)).toBe("ending by SIGTERM");
  await parent.waitFor(/ended/);
});

it("a launcher that ends before the child listens for it is noticed", async () => {
  await using parent = start("parent", "ipc", "brief");
  expect(await parent.waitFor(/ending by/)).toBe("ending by parent-gone");
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
