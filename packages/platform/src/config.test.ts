import { spawnNode } from "@docrelay/testkit";
import * as fc from "fast-check";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { choice, dataKeys, describeProblems, EXIT_CONFIG, integer, list, parseEnv, redisUrl, url } from "./config.ts";
import { settingNames } from "./setting-names.ts";

const schema = z.object({
  PORT: integer({ min: 1, max: 65_535, default: 3000 }),
  BYTES: integer({ min: 0, default: 7 }),
  MODE: choice(["a", "b"], "a"),
  KIND: choice(["x", "y"]).optional(),
  NAMES: list("one, two"),
  ENGINE: url(["ws:", "wss:"]).optional(),
  REDIS: redisUrl(),
});
const read = (env: Record<string, string>): z.output<typeof schema> => {
  const parsed = parseEnv(schema, env);
  if (!parsed.ok) throw new Error(parsed.problems.join("\n"));
  return parsed.config;
};
const problems = (env: Record<string, string>): string[] => {
  const parsed = parseEnv(schema, { REDIS: "redis://host", ...env });
  return parsed.ok ? [] : parsed.problems;
};

describe("settings", () => {
  it("have defaults, and an empty variable counts as unset", () => {
    const defaults = { PORT: 3000, BYTES: 7, MODE: "a", NAMES: ["one", "two"], REDIS: "redis://host" };
    expect(read({ REDIS: "redis://host" })).toEqual(defaults);
    expect(read({ REDIS: "redis://host", PORT: "", MODE: "", NAMES: "", KIND: "" })).toEqual(defaults);
  });

  it("are read into their types", () => {
    expect(
      read({ REDIS: "unix:/tmp/r.sock", PORT: "65535", BYTES: "0", NAMES: " a,,b , ", ENGINE: "wss://e/x" }),
    ).toEqual({
      PORT: 65_535,
      BYTES: 0,
      MODE: "a",
      NAMES: ["a", "b"],
      ENGINE: "wss://e/x",
      REDIS: "unix:/tmp/r.sock",
    });
  });

  it("report all problems at once, each with its name and what is allowed", () => {
    const parsed = parseEnv(schema, { PORT: "0", BYTES: "-1", MODE: "c", ENGINE: "http://x" });
    expect(parsed).toEqual({
      ok: false,
      problems: [
        "PORT must be a whole number from 1 to 65535",
        "BYTES must be a whole number from 0 on",
        "MODE must be one of: a, b",
        "ENGINE must be a URL that begins with ws:// or wss://",
        "REDIS is missing: where is Redis? (redis://host:6379)",
      ],
    });
  });

  it.each(["1.5", "1e3", "0x10", " 1", "abc", "99999999999999999", "-0"])("refuse %j for a whole number", (text) => {
    expect(problems({ PORT: text })).toHaveLength(1);
  });

  it.each(["http://host", "redis", "redis//host", "unix:relative"])("refuse %j for a Redis", (text) => {
    expect(problems({ REDIS: text })).toEqual(["REDIS must begin with redis://, rediss:// or unix:/"]);
  });

  it("never show a value, whichever setting has it", () => {
    const secret = fc.string({ minLength: 8 }).map((text) => `S3cret-${text}`);
    const names = fc.constantFrom("PORT", "BYTES", "MODE", "KIND", "ENGINE", "REDIS");
    fc.assert(
      fc.property(names, secret, (name, value) => {
        const found = problems({ [name]: value });
        expect(found).toHaveLength(1);
        expect(describeProblems("it", found)).not.toContain("S3cret");
      }),
    );
  });

  it("are listed by name, also behind a refinement", () => {
    expect(settingNames(schema)).toEqual(["PORT", "BYTES", "MODE", "KIND", "NAMES", "ENGINE", "REDIS"]);
    expect(settingNames(schema.refine(() => true))).toEqual(settingNames(schema));
  });
});

describe("a process with wrong settings", () => {
  it("prints every problem, exits with 78, and shows no secret", async () => {
    const process = spawnNode(join(import.meta.dirname, "../test/process.ts"), {
      env: { PORT: "70", WHERE: "http://user:hunter2@host" },
    });
    expect(await process.exited).toEqual({ code: EXIT_CONFIG, signal: null });
    expect(EXIT_CONFIG).toBe(78);
    expect(process.lines).toEqual([
      "the process cannot start:",
      "  - PORT must be a whole number from 1 to 9",
      "  - WHERE must be a URL that begins with ws://",
    ]);
  });
});

describe("keys of encryption", () => {
  const [OLD, NEW] = ["o".repeat(32), "n".repeat(32)];
  const keys = z.object({ DATA_KEY: dataKeys() });

  it.each([
    ["", [""]],
    [NEW, [NEW]],
    [`${NEW}, ${OLD}`, [NEW, OLD]],
    [`,${OLD}`, ["", OLD]],
  ])("%j", (DATA_KEY, expected) => {
    expect(parseEnv(keys, { DATA_KEY })).toEqual({ ok: true, config: { DATA_KEY: expected } });
  });

  it.each(["short", `${NEW},`, `${NEW},,${OLD}`, `${NEW},short`])("%j is refused without being shown", (DATA_KEY) => {
    const parsed = parseEnv(keys, { DATA_KEY });
    expect(parsed.ok ? "" : parsed.problems.join()).toMatch(
      /^DATA_KEY must be a comma list of keys with at least 32 bytes/,
    );
  });

  it("are eight at most, and each stands once", () => {
    const some = (count: number): string => Array.from({ length: count }, (_, n) => String(n).repeat(32)).join();
    expect(parseEnv(keys, { DATA_KEY: some(8) }).ok).toBe(true);
    const more = parseEnv(keys, { DATA_KEY: some(9) });
    expect(more.ok ? "" : more.problems).toEqual([
      "DATA_KEY must have 8 at most: remove those that nothing needs any more",
    ]);
    const twice = parseEnv(keys, { DATA_KEY: `${NEW},${OLD},${NEW}` });
    expect(twice.ok ? "" : twice.problems).toEqual(["DATA_KEY lists a key twice"]);
  });
});
