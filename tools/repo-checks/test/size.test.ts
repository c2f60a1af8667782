import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, defaultClientConditions, type Rolldown } from "vite";
import { afterAll, beforeAll, expect, it, vi } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");
const ENTRY = "virtual:entry";
const SDK = join(ROOT, "packages/client/src/index.ts");
/**
 * The most bytes that a page may load for the whole SDK; `ONE_CLASS_BYTES` is the same for one export of it. Both are
 * bundled, minified and compressed.
 */
const BUDGET_BYTES = 22_000;
const ONE_CLASS_BYTES = 3000;

// Without this variable the bundler would use the debug builds of packages.
beforeAll(() => void vi.stubEnv("NODE_ENV", "production"));
afterAll(() => void vi.unstubAllEnvs());

it("the SDK stays small in a browser", async () => {
  const { code, parts } = await bundle(`export * from ${JSON.stringify(SDK)};`);
  const bytes = gzipSync(code).length;
  expect(bytes, `the largest parts of ${code.length} bytes:\n${parts.slice(0, 10).join("\n")}`).toBeLessThan(
    BUDGET_BYTES,
  );
  expect(code).toContain("conversation:open");
  // The bundle must not contain the server's schemas: their library zod would be a third of it.
  expect(parts.filter((part) => part.includes("zod"))).toEqual([]);
});

it.each(["RelayError", "browserStorage", "memoryStorage", "isOver", "newId"])(
  "%s alone does not bring the SDK along",
  async (name) => {
    const { code } = await bundle(`export { ${name} } from ${JSON.stringify(SDK)};`);
    expect(gzipSync(code).length).toBeLessThan(ONE_CLASS_BYTES);
  },
);

it.each([
  ["packages/react/src/index.ts", 2048],
  ["packages/ai-sdk/src/index.ts", 2560],
])("%s adds less than %i bytes", async (entry, budget) => {
  // Packages that an application which imports `entry` has installed anyway, so they do not count.
  const outside = [/^react/, /^@docrelay\/client$/, /^@ai-sdk\/react$/, /^ai$/];
  const { code, parts } = await bundle(`export * from ${JSON.stringify(join(ROOT, entry))};`, outside);
  expect(gzipSync(code).length, parts.join("\n")).toBeLessThan(budget);
  expect(code).toMatch(/from ?"react"/);
});

async function bundle(source: string, external: RegExp[] = []): Promise<{ code: string; parts: string[] }> {
  const built = await build({
    configFile: false,
    logLevel: "warn",
    root: ROOT,
    resolve: { conditions: ["@docrelay/source", ...defaultClientConditions] },
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === ENTRY ? ENTRY : undefined),
        load: (id) => (id === ENTRY ? source : undefined),
      },
    ],
    // The build is not a library build: in libraries Vite keeps white space, which pages do not load.
    build: {
      write: false,
      minify: true,
      target: "es2023",
      rolldownOptions: { input: ENTRY, external, preserveEntrySignatures: "strict" },
    },
  });
  const [chunk] = ([built].flat()[0] as Rolldown.RolldownOutput).output;
  const parts = Object.entries(chunk.modules)
    .toSorted(([, one], [, other]) => other.renderedLength - one.renderedLength)
    .filter(([, { renderedLength }]) => renderedLength > 0)
    .map(([id, { renderedLength }]) => `${renderedLength} ${id}`);
  return { code: chunk.code, parts };
}
