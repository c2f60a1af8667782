import { spawnNode } from "@docrelay/testkit";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createCoreWatch } from "./core-watch.ts";

it("lets eight children start quickly at once, and then a few", () => {
  const { takeQuickStart } = createCoreWatch();
  const quick = Array.from({ length: 20 }, takeQuickStart).filter(Boolean);
  expect(quick).toHaveLength(8);
});

// Every Linux has the programs that these tests need (of util-linux). Where a program is missing, the tests fail.
describe.runIf(process.platform === "linux")("extraction where others keep the core busy", () => {
  it.each(["cold", "warm"])(
    "reads the whole file, each page once, with a %s child",
    { timeout: 150_000 },
    async (how) => {
      await using parent = spawnNode(join(import.meta.dirname, "../../test/busy-core-parent.ts"), { args: [how] });
      expect(await parent.waitFor(/^outcome/, 120_000)).toBe("outcome 200 pages, 200 told in order, on a full core");
    },
  );
});
