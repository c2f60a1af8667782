import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { parseEnvWithRedis, redisSettings } from "./redis-settings.ts";

const folder = mkdtempSync(join(tmpdir(), "docrelay-settings-"));
afterAll(() => rmSync(folder, { recursive: true }));
function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}
const schema = z.object(redisSettings);
function read(env: Record<string, string>): unknown {
  const parsed = parseEnvWithRedis(schema, env);
  return parsed.ok ? parsed.config.redis : parsed.problems;
}

describe("settings of Redis", () => {
  it.each([
    ["a url", { REDIS_URL: "redis://r:1" }, { url: "redis://r:1" }],
    ["a socket with a password", { REDIS_URL: "unix:/r", REDIS_PASSWORD: "p" }, { url: "unix:/r", password: "p" }],
    [
      "sentinels",
      {
        REDIS_SENTINELS: "a:1, [::1]:2,c",
        REDIS_SENTINEL_NAME: "relay",
        REDIS_SENTINEL_PASSWORD: "s",
        REDIS_PASSWORD: "p",
      },
      {
        sentinel: {
          servers: [
            { host: "a", port: 1 },
            { host: "::1", port: 2 },
            { host: "c", port: 26_379 },
          ],
          name: "relay",
          password: "s",
        },
        password: "p",
      },
    ],
    [
      "nodes of a cluster",
      { REDIS_CLUSTER: "true", REDIS_URL: "redis://a:1,redis://[::1]:2, c:3", REDIS_PASSWORD: "p" },
      {
        cluster: {
          seeds: [
            { host: "a", port: 1 },
            { host: "::1", port: 2 },
            { host: "c", port: 3 },
          ],
        },
        password: "p",
      },
    ],
    [
      "nodes of a cluster with TLS and a user in the url",
      { REDIS_CLUSTER: "true", REDIS_URL: "rediss://u:p%2Cw@a" },
      { cluster: { seeds: [{ host: "a", port: 6379 }] }, username: "u", password: "p,w", tls: {} },
    ],
    ["a url with a comma in its password", { REDIS_URL: "redis://:a,b@r:1" }, { url: "redis://:a,b@r:1" }],
  ])("are %s", (_what, env, server) => expect(read(env)).toEqual(server));

  it("read the files that they name, without the line end of a password", () => {
    const [password, ca] = [file("password", "p w\n"), file("ca", "PEM")];
    expect(
      read({ REDIS_URL: "rediss://r", REDIS_USERNAME: "u", REDIS_PASSWORD_FILE: password, REDIS_TLS_CA: ca }),
    ).toEqual({ url: "rediss://r", username: "u", password: "p w", tls: { ca: "PEM" } });
  });

  it.each([
    [{}, /^REDIS_URL is missing/],
    [{ REDIS_URL: "redis://r", REDIS_SENTINELS: "a", REDIS_SENTINEL_NAME: "n" }, /both set/],
    [{ REDIS_SENTINELS: "a" }, /^REDIS_SENTINEL_NAME is missing/],
    [{ REDIS_SENTINELS: "redis://a:1", REDIS_SENTINEL_NAME: "n" }, /comma list of host:port/],
    [{ REDIS_URL: "redis://r", REDIS_SENTINEL_NAME: "n" }, /needs REDIS_SENTINELS/],
    [{ REDIS_URL: "redis://a:1,redis://b:1" }, /set REDIS_CLUSTER=true/],
    [{ REDIS_URL: "a:1,b:1" }, /set REDIS_CLUSTER=true/],
    [{ REDIS_URL: "redis://r", REDIS_CLUSTER: "yes" }, /^REDIS_CLUSTER must be true or false/],
    [{ REDIS_CLUSTER: "true" }, /^REDIS_URL is missing/],
    [{ REDIS_CLUSTER: "true", REDIS_URL: "unix:/r" }, /reached by host and port/],
    [{ REDIS_CLUSTER: "true", REDIS_URL: "redis://a:1,rediss://b:1" }, /all redis:\/\/ or all rediss:\/\//],
    [{ REDIS_URL: "redis://r", REDIS_USERNAME: "u" }, /needs a REDIS_PASSWORD/],
    [{ REDIS_URL: "redis://r", REDIS_PASSWORD: "hunter2", REDIS_PASSWORD_FILE: "/p" }, /both set/],
    [
      { REDIS_URL: "redis://r", REDIS_PASSWORD_FILE: "/no/such" },
      /^REDIS_PASSWORD_FILE names a file that cannot be read$/,
    ],
    [{ REDIS_URL: "redis://r", REDIS_TLS_CA: file("other", "PEM") }, /needs a REDIS_URL of rediss/],
    [{ REDIS_URL: "rediss://r", REDIS_TLS_CERT: file("cert", "PEM") }, /need each other/],
  ])("are refused: %o", (env, problem) => {
    const problems = read(env) as string[];
    expect(problems).toEqual([expect.stringMatching(problem)]);
    expect(problems.join()).not.toContain("hunter2");
  });
});
