// A test that never ends; another test kills its test run. It writes what it has started to the file REPORT.
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "vitest";
import { spawnNode, startRedis } from "../../src/index.ts";

it("hangs", async () => {
  const redis = await startRedis();
  const child = spawnNode(join(import.meta.dirname, "../child.ts"), { args: ["stubborn"] });
  await child.waitFor(/up/);
  const report = process.env["REPORT"] ?? "";
  writeFileSync(`${report}.new`, JSON.stringify({ pids: [process.pid, child.pid], port: redis.port }));
  renameSync(`${report}.new`, report);
  await new Promise(() => undefined);
}, 600_000);
