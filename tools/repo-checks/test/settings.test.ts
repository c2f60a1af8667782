import { parseEnv } from "@docrelay/platform";
import { settingNames } from "@docrelay/platform/setting-names";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type * as z from "zod";

const ROOT = join(import.meta.dirname, "../../..");
const APPS = ["edge", "worker", "demo-engine"] as const;
const schemas = await Promise.all(
  APPS.map(async (app) => {
    const { schema } = (await import(join(ROOT, `apps/${app}/src/config.ts`))) as { schema: z.ZodType };
    return { app, schema, names: settingNames(schema) };
  }),
);
/** A setting whose default is the number of cores of the machine. */
const OF_THE_MACHINE = "EXTRACT_CONCURRENCY";
const NEEDED = { REDIS_URL: "redis://host", AUTH_MODE: "anonymous", ENGINE_URL: "ws://host" };

interface Documented {
  readonly name: string;
  /** The documented default; empty if there is none. */
  readonly fallback: string;
  readonly usedBy: string;
}
const envFile: Documented[] = [
  ...readFileSync(join(ROOT, ".env.example"), "utf8").matchAll(/^# ([a-z, -]+): .*\n#([A-Z][A-Z\d_]+)=(.*)$/gm),
].map(([, usedBy = "", name = "", fallback = ""]) => ({ name, usedBy, fallback }));
const readme: Documented[] = [
  ...readFileSync(join(ROOT, "README.md"), "utf8").matchAll(/^\| `([A-Z][A-Z\d_]+)` *\| *(.*?) *\| *(.*?) *\| .*\|$/gm),
].map(([, name = "", value = "", usedBy = ""]) => ({
  name,
  usedBy,
  fallback: value.replaceAll("`", ""),
}));

describe.each([
  [".env.example", envFile],
  ["README.md", readme],
])("%s", (_, documented) => {
  it("names every setting once, and none that nobody reads", () => {
    const all = [...new Set(schemas.flatMap(({ names }) => names))];
    expect(documented.map(({ name }) => name).toSorted()).toEqual(all.toSorted());
  });

  it("says who reads each", () => {
    for (const { name, usedBy } of documented) {
      const readers = schemas.filter(({ names }) => names.includes(name)).map(({ app }) => app);
      const said = usedBy === "all" ? [...APPS] : usedBy.split(", ").filter((who) => who !== "npm start");
      // The demo engine reads PORT, too. In the table, only the text of the row tells that.
      if (name === "PORT") said.push("demo-engine");
      expect([name, said.map((who) => who.replace(" ", "-")).toSorted()]).toEqual([name, readers.toSorted()]);
    }
  });

  it("gives the true defaults", () => {
    for (const { schema, names } of schemas) {
      const bare = parseEnv(schema, NEEDED);
      expect(bare.ok).toBe(true);
      for (const { name, fallback } of documented) {
        if (!names.includes(name) || name in NEEDED || name === OF_THE_MACHINE) continue;
        if (name === "PORT" && names.includes("DEMO_REPLY")) continue;
        // If a setting is set to its documented default, the configuration must stay the same. An empty default means
        // that the setting has none.
        expect([name, parseEnv(schema, { ...NEEDED, [name]: fallback })]).toEqual([name, bare]);
        if (fallback === "") expect([name, emptied(bare, name)]).toEqual([name, true]);
      }
    }
  });
});

function emptied(parsed: ReturnType<typeof parseEnv>, name: string): boolean {
  const value = parsed.ok ? (parsed.config as Record<string, unknown>)[name] : "wrong";
  return value === undefined || typeof value === "object";
}
