import { spawnNode } from "@docrelay/testkit";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";

it("a process that has stood still does not take that for its child's time", async () => {
  await using parent = spawnNode(join(import.meta.dirname, "../../test/stopped-parent.ts"));
  await parent.waitFor(/^begun/);
  parent.kill("SIGSTOP");
  await sleep(3500);
  parent.kill("SIGCONT");
  expect(await parent.waitFor(/^outcome/, 30_000)).toBe("outcome 0 missing");
});
