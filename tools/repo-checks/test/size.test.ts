import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { expect, it, onTestFinished, vi } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");
/** What a page loads for the SDK, bundled, minified and compressed. */
const BUDGET_BYTES = 33_000;

it("the SDK stays small in a browser", { timeout: 60_000 }, async ({ onTestFinished }) => {
  onTestFinished(() => void vi.unstubAllEnvs());
  // Without this the bundler takes the debug builds of packages.
  vi.stubEnv("NODE_ENV", "production");
  const { code, parts } = await bundle(join(ROOT, "packages/client/src/index.ts"));
  const bytes = gzipSync(code).length;
  expect(bytes, `the largest parts of ${code.length} bytes:\n${parts.slice(0, 10).join("\n")}`).toBeLessThan(
    BUDGET_BYTES,
  );
  expect(code).toContain("conversation:open");
  // The schemas of servers are left out: zod would be a third of the bundle.
  expect(parts.filter((part) => part.includes("zod"))).toEqual([]);
});

it.each([["packages/react/src/index.ts", 2048]])(
  "%s adds less than %i bytes",
  { timeout: 60_000 },
  async (entry, budget) => {
    vi.stubEnv("NODE_ENV", "production");
    onTestFinished(() => void vi.unstubAllEnvs());
    // What an application of its kind has anyway.
    const { code, parts } = await bundle(join(ROOT, entry), [/^react/, /^@docrelay\/client$/]);
    expect(gzipSync(code).length, parts.join("\n")).toBeLessThan(budget);
    expect(code).toMatch(/from ?"react"/);
  },
);

async function bundle(entry: string, external: RegExp[] = []): Promise<{ code: string; parts: string[] }> {
  const built = await build({
    configFile: false,
    logLevel: "warn",
    root: ROOT,
    // Not as a library: Vite keeps the white space of those, and pages do not load it.
    build: {
      write: false,
      minify: true,
      target: "es2023",
      rolldownOptions: { input: entry, external, preserveEntrySignatures: "strict" },
    },
  });
  const [chunk] = ([built].flat()[0] as Rolldown.RolldownOutput).output;
  const parts = Object.entries(chunk.modules)
    .toSorted(([, one], [, other]) => other.renderedLength - one.renderedLength)
    .filter(([, { renderedLength }]) => renderedLength > 0)
    .map(([id, { renderedLength }]) => `${renderedLength} ${id}`);
  return { code: chunk.code, parts };
}
