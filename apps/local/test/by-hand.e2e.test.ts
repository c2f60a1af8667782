import { eventually, freePort, guard, startRedis, type TestRedis } from "@docrelay/testkit";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ENTRIES } from "../src/process.ts";

/**
 * A shell script that starts a job in the background, prints its pid, and ends when the script's standard input ends.
 */
const SHELL = `"$@" & echo "pid $!"; read -r _`;

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => redis.stop());

it.each([
  ["an edge", ENTRIES.edge, { AUTH_MODE: "anonymous", DRAIN_DELAY_MS: "0" }],
  ["a worker", ENTRIES.worker, { ENGINE_URL: "ws://127.0.0.1:9" }],
])("%s that was started in the background of a shell lives on when the shell ends", async (_name, entry, own) => {
  const admin = await freePort();
  const env = { REDIS_URL: redis.url, PORT: String(await freePort()), ADMIN_PORT: String(admin), ...own };
  const shell = spawn("sh", ["-c", SHELL, "shell", process.execPath, entry], {
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(shell, "exit");
  const lines = createInterface({ input: shell.stdout });
  const [line] = (await once(lines, "line")) as [string];
  const pid = Number(/^pid (\d+)$/.exec(line)?.[1]);
  const release = guard(`process ${pid}`);
  const isHealthy = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${admin}/healthz`)).ok;
  await eventually(isHealthy, { what: "its health" });

  shell.stdin.end();
  await ended;
  let answers = 0;
  await eventually(async () => (await isHealthy()) && ++answers === 15, { what: "15 answers", everyMs: 100 });

  process.kill(pid, "SIGTERM");
  await once(lines, "close"); // the output closes when the process has ended
  release();
  expect(answers).toBe(15);
});
