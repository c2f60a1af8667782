import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

/* Tests of the alerts with Prometheus's own tool `promtool`, which is taken from DOCRELAY_PROMTOOL or the PATH. */

const FOLDER = join(import.meta.dirname, "../../../deploy/prometheus");
const candidates = [
  process.env["DOCRELAY_PROMTOOL"] ?? "",
  ...(process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "promtool")),
];
const promtool = candidates.find((path) => path !== "" && existsSync(path));
if (!promtool)
  process.stdout.write("promtool is not there: the alerts are not tried (DOCRELAY_PROMTOOL=/path/to/it)\n");

it.skipIf(!promtool).each([
  ["check", "config", "prometheus.yml"],
  ["check", "rules", "alerts.yml"],
  ["test", "rules", "alerts.test.yml"],
])("promtool %s %s %s", async (...words) => {
  const { stdout } = await promisify(execFile)(promtool ?? "", words, { cwd: FOLDER });
  expect(stdout).toContain("SUCCESS");
});
