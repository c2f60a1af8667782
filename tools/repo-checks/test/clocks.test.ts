import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { sourceFiles } from "../src/import-graph.ts";

const ROOT = join(import.meta.dirname, "../../..");
const SERVERS = /^(?:apps\/(?:edge|worker)|packages\/(?:channel|engine|jobs|platform))\/src\//;
/**
 * Files that need the time of day: for a token, for a date that people read, or for another program. Code that waits or
 * counts uses `performance.now()` instead, which does not change when the clock is set; times that processes share come
 * from Redis.
 */
const OF_DAY = [
  ...["auth/authenticator.ts", "auth/expiry.ts", "auth/jwt-authenticator.ts", "login/cookies.ts"],
  ...["plain/connection.ts", "socketio/events.ts", "socketio/serve-socket.ts"], // these compare the expiry of tokens
  ...["limits/quota-exceeded.ts", "quotas/quotas.ts", "own-data/export.ts", "sharing/shares.ts"],
  ...["http/admin/page/script.ts", "http/openai/post-file.ts"],
].map((file) => `apps/edge/src/${file}`);
const ELSEWHERE = [
  "apps/worker/src/extract/extract-job.ts",
  "apps/worker/src/report/call-trace.ts",
  "packages/channel/src/bytes/s3-objects.ts",
  "packages/channel/src/conversations/links.ts",
  "packages/channel/src/deployment/shared-secret.ts",
  "packages/engine/src/failure/engine-error.ts",
  "packages/jobs/src/disposition.ts",
  "packages/platform/src/standard-output.ts",
];

it("the clock of the machine is read only for times of day", () => {
  const files = sourceFiles(ROOT).filter((file) => SERVERS.test(file));
  const found = files.filter((file) => /\bDate\.now\b/.test(readFileSync(join(ROOT, file), "utf8")));
  expect(found.sort()).toEqual([...OF_DAY, ...ELSEWHERE].sort());
});
