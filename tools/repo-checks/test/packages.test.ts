import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");
const STORE = join(ROOT, "node_modules/.pnpm");
const lock = readFileSync(join(ROOT, "pnpm-lock.yaml"), "utf8");

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string | { type: string };
  readonly licenses?: ReadonlyArray<{ type: string }>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
}
const read = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
const workspace = ["apps", "packages", "tools"].flatMap((kind) =>
  readdirSync(join(ROOT, kind)).map((name) => ({ folder: join(ROOT, kind, name), name })),
);

describe("every copy in the lockfile", () => {
  // Older versions have published vulnerabilities, or faults that were found in this project.
  it.each([
    ["socket.io-parser", "4.2.7"],
    ["engine.io", "6.6.7"],
    ["ws", "8.21.0"],
    ["bullmq", "6.7.0"],
    ["ioredis", "6.0.0"],
    ["pdfjs-dist", "5.4.296"], // pdf-parse pins this version, which runs only in limited child processes
  ])("of %s is %s or newer", (name, floor) => {
    const versions = versionsOf(name);
    expect(versions.length).toBeGreaterThan(0);
    for (const version of versions) expect([version, isAtLeast(version, floor)]).toEqual([version, true]);
  });

  it("comes from the registry that is set, whichever that is", () => {
    expect(lock).not.toMatch(/tarball: *http|resolved/);
  });

  it("of a tool with platform packages is there for every platform", () => {
    for (const platform of ["linux-x64", "linux-arm64", "darwin-arm64", "win32-x64"])
      expect(lock).toMatch(new RegExp(`@rolldown/binding-${platform}`));
  });
});

it("a version of a copy is told from a newer one", () => {
  expect(isAtLeast("8.20.9", "8.21.0")).toBe(false);
  expect(isAtLeast("8.21.0", "8.21.0")).toBe(true);
  expect(isAtLeast("10.0.0", "9.9.9")).toBe(true);
});

describe("what runs in production", () => {
  const APPS = ["edge", "worker", "demo-engine", "local", "web"];
  // The licences that a package which runs in production may have: each of them allows any use.
  const FREE = new Set([
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "0BSD",
    "BlueOak-1.0.0",
    "Unlicense",
    "CC0-1.0",
  ]);

  it("is free to use, each package of it", () => {
    const found = new Map<string, string>();
    for (const { folder, name } of workspace) if (APPS.includes(name)) follow(folder, found);
    expect(found.size).toBeGreaterThan(50);
    const other = [...found].filter(([, license]) => !isFree(license, FREE));
    expect(other).toEqual([]);
  });

  it("has the graph of ARCHITECTURE.md", () => {
    const graph = Object.fromEntries(
      workspace.map(({ folder, name }) => {
        const { dependencies, devDependencies, scripts } = read(folder);
        // A published package contains the packages of this repository that it is built from, so they are its
        // devDependencies.
        const parts = scripts?.["prepack"] === undefined ? {} : devDependencies;
        const names = Object.keys({ ...dependencies, ...parts })
          .filter((one) => one.startsWith("@docrelay/"))
          .map((one) => one.slice("@docrelay/".length))
          .filter((one) => one !== "testkit");
        return [name, names.toSorted()];
      }),
    );
    expect(graph).toMatchObject({
      web: ["client", "protocol"],
      client: ["protocol"],
      react: ["client"],
      "ai-sdk": ["client"],
      edge: ["channel", "jobs", "platform", "protocol"],
      worker: ["channel", "engine", "jobs", "pdf", "platform", "protocol"],
      "demo-engine": ["platform"],
      local: ["demo-engine", "platform"],
      channel: ["protocol"],
      jobs: [],
      protocol: [],
      pdf: [],
      engine: ["protocol"],
      platform: [],
    });
  });
});

function versionsOf(name: string): string[] {
  const pattern = new RegExp(`^  '?${name.replaceAll(".", "\\.")}@(\\d+\\.\\d+\\.\\d+)'?:$`, "gm");
  return [...lock.slice(lock.indexOf("\npackages:")).matchAll(pattern)].map(([, version = ""]) => version);
}

function isAtLeast(version: string, floor: string): boolean {
  const [a, b] = [version, floor].map((text) => text.split(".").map(Number));
  for (let index = 0; index < 3; index++) {
    const more = (a?.[index] ?? 0) - (b?.[index] ?? 0);
    if (more !== 0) return more > 0;
  }
  return true;
}

/**
 * Adds the licences of a package and of all packages that it needs at run time to `found`. Optional dependencies for
 * other platforms are not installed, so they are left out.
 */
function follow(folder: string, found: Map<string, string>): void {
  const { name, version, license, licenses, dependencies, optionalDependencies } = read(folder);
  const key = `${name}@${version}`;
  if (found.has(key)) return;
  const said = typeof license === "object" ? license.type : license;
  found.set(key, said ?? licenses?.map(({ type }) => type).join(" OR ") ?? "none");
  for (const dependency of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const place = [join(folder, "node_modules"), join(folder, ...name.split("/").map(() => ".."))]
      .map((base) => join(base, dependency))
      .find((path) => isThere(path));
    if (place) follow(realpathSync(place), found);
    else if (!optionalDependencies || !(dependency in optionalDependencies))
      throw new Error(`${key} needs ${dependency}, which is not installed under ${STORE}`);
  }
}

function isThere(path: string): boolean {
  try {
    return Boolean(realpathSync(path));
  } catch {
    return false;
  }
}

/** Whether a licence expression allows any use: `A OR B` if one of the two does, `A AND B` if both do. */
function isFree(license: string, free: ReadonlySet<string>): boolean {
  const bare = license.replaceAll(/[()]/g, "");
  return bare.split(" OR ").some((one) => one.split(" AND ").every((part) => free.has(part.trim())));
}
