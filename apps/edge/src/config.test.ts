import { settingNames } from "@docrelay/platform/setting-names";
import { spawnNode } from "@docrelay/testkit";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readConfig, schema, type Config } from "./config.ts";

const NEEDED = { REDIS_URL: "redis://127.0.0.1:6379", AUTH_MODE: "anonymous" };

const OIDC = {
  OIDC_ISSUER: "https://login.test",
  OIDC_CLIENT_ID: "docrelay",
  OIDC_REDIRECT_URL: "https://ask.test/v1/login/callback",
};

function read(env: Record<string, string>): Config {
  const parsed = readConfig(env);
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  return parsed.config;
}
function problems(env: Record<string, string>): string[] {
  const parsed = readConfig(env);
  return parsed.ok ? [] : parsed.problems;
}
const REFUSED: ReadonlyArray<[name: string, value: string, sentence: RegExp]> = [
  ["AUTH_MODE", "ldap", /must be chosen/],
  ["JWT_SECRET", "x".repeat(32), /AUTH_MODE=jwt/],
  ["JWT_JWKS_URL", "https://login.test/jwks", /AUTH_MODE=jwt/],
  ["JWT_ISSUER", "login", /AUTH_MODE=jwt/],
  ["JWT_AUDIENCE", "docrelay", /AUTH_MODE=jwt/],
  ["JWT_COOKIE", "session", /AUTH_MODE=jwt/],
];

describe("settings", () => {
  it("have the contract's defaults", () => {
    expect(read(NEEDED)).toMatchObject({
      PORT: 3000,
      HOST: "127.0.0.1",
      ADMIN_PORT: 0,
      SESSION_TTL_MS: 604_800_000,
      CORS_ALLOWED_ORIGINS: [],
      FRAME_ANCESTORS: [],
      ASK_DEADLINE_MS: 300_000,
      BLOB_STORE: "redis",
      ONLY_LOCAL: true,
      TEXT_SCOPE: "user",
      MAX_FILE_BYTES: 26_214_400,
      MAX_FILES_PER_ASK: 8,
      MAX_PAGES: 2000,
      MAX_MESSAGE_CHARS: 32_000,
      MAX_INLINE_BYTES: 1_048_576,
      CHUNK_BYTES: 65_536,
      UPLOADS_AT_ONCE: 4,
      MAX_ASKS_IN_FLIGHT: 4,
      ASKS_PER_SECOND: 5,
      ASKS_BURST: 0,
      MAX_CONNECTIONS_PER_USER: 50,
      CONNECTS_PER_SECOND: 5,
      CONNECTS_BURST: 60,
      OPENS_AT_ONCE: 64,
      PING_INTERVAL_MS: 25_000,
      HTTP_KEEP_ALIVE_MS: 65_000,
      EDGE_REDIS_TIMEOUT_MS: 700,
      MAX_USER_BLOB_BYTES: 268_435_456,
      MAX_CONNECTIONS: 20_000,
      MAX_QUEUED_ASKS: 10_000,
      MAX_BLOB_BYTES: 2_147_483_648,
      MAX_SOCKET_BUFFER_BYTES: 1_048_576,
      SESSIONS_PER_MINUTE: 0,
      USERS_PER_ADDRESS: 0,
      MAX_USER_LOG_BYTES: 67_108_864,
      RETENTION_MS: 86_400_000,
      LOG_LEVEL: "info",
    });
  });

  it("need a Redis and a choice of how users are known", () => {
    expect(problems({}).map((problem) => problem.split(" ")[0])).toEqual(["REDIS_URL", "AUTH_MODE"]);
    expect(problems({ REDIS_URL: NEEDED.REDIS_URL })).toEqual([expect.stringMatching(/^AUTH_MODE must be chosen/)]);
  });

  it.each(REFUSED)("refuse %s=%s with a sentence", (name, value, sentence) => {
    const [problem = "", ...more] = problems({ ...NEEDED, [name]: value });
    expect([problem.split(" ")[0], more]).toEqual([name, []]);
    expect(problem).toMatch(sentence);
  });

  it("tell all problems at once, by name and without their values", () => {
    const all = problems({
      REDIS_URL: "http://user:hunter2@host",
      AUTH_MODE: "magic",
      SESSION_SECRET: "hunter2",
      PORT: "70000",
      CORS_ALLOWED_ORIGINS: "https://app.test, hunter2",
      TRUSTED_PROXIES: "10.0.0.0/99",
      MAX_FILES_PER_ASK: "1e3",
    });
    expect(all.map((problem) => problem.split(" ")[0]).sort()).toEqual([
      "AUTH_MODE",
      "CORS_ALLOWED_ORIGINS",
      "MAX_FILES_PER_ASK",
      "PORT",
      "REDIS_URL",
      "SESSION_SECRET",
      "TRUSTED_PROXIES",
    ]);
    expect(all.join()).not.toContain("hunter2");
  });

  it("count bytes of the secret, and take an empty variable for an unset one", () => {
    expect(problems({ ...NEEDED, SESSION_SECRET: "é".repeat(16) })).toEqual([]);
    expect(problems({ ...NEEDED, SESSION_SECRET: "e".repeat(31) })).toHaveLength(1);
    expect(read({ ...NEEDED, SESSION_SECRET: "", JWT_SECRET: "" }).SESSION_SECRET).toBeUndefined();
  });

  it("bring origins into their one form", () => {
    const { CORS_ALLOWED_ORIGINS } = read({ ...NEEDED, CORS_ALLOWED_ORIGINS: "https://APP.test:443 , http://b.test" });
    expect(CORS_ALLOWED_ORIGINS).toEqual(["https://app.test", "http://b.test"]);
    for (const wrong of ["*", "null", "https://a.test/path"]) {
      expect(problems({ ...NEEDED, CORS_ALLOWED_ORIGINS: wrong })).toHaveLength(1);
    }
  });

  it.each<[string, Record<string, string>, RegExp | undefined]>([
    ["a secret", { JWT_SECRET: "s".repeat(32) }, undefined],
    ["two secrets", { JWT_SECRET: `${"s".repeat(32)}, ${"t".repeat(32)}` }, undefined],
    ["a url of keys", { JWT_JWKS_URL: "https://login.test/jwks" }, undefined],
    ["neither", {}, /^AUTH_MODE jwt needs JWT_SECRET or JWT_JWKS_URL$/],
    ["both", { JWT_SECRET: "s".repeat(32), JWT_JWKS_URL: "https://login.test/jwks" }, /exclude each other/],
    [
      "nine secrets",
      { JWT_SECRET: Array.from({ length: 9 }, (_, n) => String(n).repeat(32)).join() },
      /^JWT_SECRET must have 8 at most/,
    ],
    ["a short secret", { JWT_SECRET: `${"s".repeat(32)},hunter2` }, /^JWT_SECRET .* 32 bytes each$/],
    ["a url of another kind", { JWT_JWKS_URL: "file:///keys" }, /^JWT_JWKS_URL must be a URL/],
    ["a cookie without origins", { JWT_SECRET: "s".repeat(32), JWT_COOKIE: "t" }, /needs CORS_ALLOWED_ORIGINS/],
    [
      "a cookie of no name",
      { JWT_SECRET: "s".repeat(32), CORS_ALLOWED_ORIGINS: "https://a.test", JWT_COOKIE: "a;b" },
      /^JWT_COOKIE must be/,
    ],
  ])("with AUTH_MODE=jwt and %s", (_, more, sentence) => {
    const found = problems({ ...NEEDED, AUTH_MODE: "jwt", ...more });
    expect(found).toEqual(sentence ? [expect.stringMatching(sentence)] : []);
  });

  it.each<[string, Record<string, string>, string[]]>([
    ["all that is needed", OIDC, []],
    ["nothing", {}, Object.keys(OIDC)],
    ["a redirect to elsewhere", { ...OIDC, OIDC_REDIRECT_URL: "https://ask.test/" }, ["OIDC_REDIRECT_URL"]],
    ["settings of another mode", { ...OIDC, JWT_ISSUER: "https://login.test" }, ["JWT_ISSUER"]],
  ])("with AUTH_MODE=oidc and %s", (_, more, names) => {
    const found = problems({ ...NEEDED, AUTH_MODE: "oidc", ...more });
    expect(found.map((problem) => problem.split(" ")[0])).toEqual(names);
  });

  it("count networks by default only where anybody may have any number of users", () => {
    const open = { ...NEEDED, HOST: "0.0.0.0" };
    expect(read(open).USERS_PER_ADDRESS).toBe(8);
    expect(read({ ...open, AUTH_MODE: "jwt", JWT_SECRET: "s".repeat(32) }).USERS_PER_ADDRESS).toBe(0);
  });

  it.each(["10.0.0.1", "10.0.0.0/8,fd00::/8", "::1"])("know %s as proxies", (text) =>
    expect(problems({ ...NEEDED, TRUSTED_PROXIES: text })).toEqual([]),
  );
  it.each(["proxy.test", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "fd00::/129", "10.0.0.0/"])(
    "do not know %s as a proxy",
    (text) => expect(problems({ ...NEEDED, TRUSTED_PROXIES: text })).toHaveLength(1),
  );

  it("are named as the contract names them", () => {
    expect(settingNames(schema).every((name) => /^[A-Z][A-Z\d_]+$/.test(name))).toBe(true);
  });
});

describe("an edge by itself", () => {
  const main = join(import.meta.dirname, "main.ts");

  it("exits 78 before it opens anything, with a sentence for each problem", async () => {
    const env = Object.fromEntries(REFUSED.map(([name, value]) => [name, value]));
    await using edge = spawnNode(main, { env });
    expect(await edge.exited).toEqual({ code: 78, signal: null });
    const said = edge.lines.join("\n");
    expect(edge.lines[0]).toBe("the edge cannot start:");
    expect(edge.lines).toHaveLength(2 + REFUSED.length);
    for (const [name, , sentence] of REFUSED) {
      expect(edge.lines.find((line) => line.startsWith(`  - ${name} `))).toMatch(sentence);
    }
    expect(said).toMatch(/- REDIS_URL is missing/);
    expect(said).not.toContain("x".repeat(32));
  });

  it("does not choose for itself how users are known", async () => {
    await using edge = spawnNode(main, { env: { REDIS_URL: NEEDED.REDIS_URL } });
    expect(await edge.exited).toEqual({ code: 78, signal: null });
    expect(edge.lines.join("\n")).toMatch(/AUTH_MODE must be chosen/);
  });

  it("does not take a folder for its blobs that holds something else", async () => {
    const folder = await mkdtemp(join(tmpdir(), "docrelay-foreign-"));
    await writeFile(join(folder, "letter.txt"), "");
    await using edge = spawnNode(main, { env: { ...NEEDED, BLOB_STORE: `file:${folder}` } });
    expect(await edge.exited).toEqual({ code: 78, signal: null });
    expect(edge.lines.join("\n")).toMatch(/^the edge cannot start:\n {2}- BLOB_STORE: .* is not empty .*letter\.txt/);
    expect(await readdir(folder)).toEqual(["letter.txt"]);
    await rm(folder, { recursive: true });
  });

  it("does not take a bucket that it cannot reach, and says so without the key", async () => {
    const s3 = { BLOB_STORE: "s3://bucket/x", S3_ENDPOINT: "http://127.0.0.1:2", AWS_ACCESS_KEY_ID: "a" };
    await using edge = spawnNode(main, { env: { ...NEEDED, ...s3, AWS_SECRET_ACCESS_KEY: "hush-hush" } });
    expect(await edge.exited).toEqual({ code: 78, signal: null });
    expect(edge.lines.join("\n")).toMatch(
      /^the edge cannot start:\n {2}- BLOB_STORE: .* s3:\/\/bucket\/x\/: .*ECONNREFUSED/,
    );
    expect(edge.lines.join("\n")).not.toContain("hush");
  });
});

it.each([
  ["alone on loopback", {}, 0],
  ["on all addresses", { HOST: "0.0.0.0" }, 8],
  ["behind a proxy", { TRUSTED_PROXIES: "127.0.0.1" }, 8],
  ["behind a balancer on loopback", { HOST: "0.0.0.0", BIND: "127.0.0.1", TRUSTED_PROXIES: "10.0.0.0/8" }, 0],
  ["behind a balancer that others reach", { HOST: "0.0.0.0", BIND: "0.0.0.0" }, 8],
  ["as it is set", { HOST: "0.0.0.0", USERS_PER_ADDRESS: "3" }, 3],
])("counts anonymous users by network where others reach it: %s", (_name, env, users) => {
  const parsed = readConfig({ REDIS_URL: "redis://r", AUTH_MODE: "anonymous", ...env });
  expect(parsed).toMatchObject({ ok: true, config: { USERS_PER_ADDRESS: users } });
  if (users === 0) expect(parsed).toMatchObject({ config: { SESSIONS_PER_MINUTE: 0 } });
});
