import { execFile } from "node:child_process";
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { ROOT } from "../src/programs.ts";

const run = promisify(execFile);

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}
const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
const needsOf = (folder: string): string[] => {
  const { dependencies, devDependencies } = manifestOf(folder);
  return Object.keys({ ...dependencies, ...devDependencies });
};
/** The folders in which this repository has installed packages of other projects. */
const INSTALLED = ["apps/local", "packages/client", "."].map((folder) => join(ROOT, folder, "node_modules"));

/** Packs a package of this repository as for a release, and unpacks it into `node_modules` below `home`. */
async function install(name: string, home: string): Promise<void> {
  const folder = join(ROOT, "packages", name.slice("@docrelay/".length));
  await run("npm", ["pack", "--pack-destination", home], { cwd: folder });
  const into = join(home, "node_modules", name);
  await mkdir(into, { recursive: true });
  const tarball = (await readdir(home)).find((file) => file.startsWith(name.slice(1).replace("/", "-")));
  await run("tar", ["-xzf", join(home, tarball ?? ""), "--strip-components=1", "-C", into]);
}

/**
 * Installs the named packages and what they depend on below `home`: packs those of this repository, and links all
 * others.
 */
async function installAll(home: string, names: readonly string[]): Promise<void> {
  const needed = new Set(names);
  for (const name of needed) {
    if (name.startsWith("@docrelay/")) {
      await install(name, home);
      const { dependencies = {} } = manifestOf(join(home, "node_modules", name));
      for (const more of Object.keys(dependencies)) needed.add(more);
      continue;
    }
    const from = INSTALLED.map((modules) => join(modules, name)).find((path) => existsSync(path));
    if (!from) throw new Error(`${name} is not installed in this repository`);
    await mkdir(join(home, "node_modules", name, ".."), { recursive: true });
    await symlink(from, join(home, "node_modules", name));
  }
}

it("the page of docs/your-page.md is built from the packed SDK", { timeout: 300_000 }, async () => {
  const home = await mkdtemp(join(tmpdir(), "your-page-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const tutorial = readFileSync(join(ROOT, "docs/your-page.md"), "utf8");
  const files = [...tutorial.matchAll(/^```\w+ (\S+)\n([^]*?)^```$/gm)];
  expect(files.map(([, name]) => name)).toEqual(["index.html", "main.js"]);
  for (const [, name = "", code = ""] of files) writeFileSync(join(home, name), code);
  await installAll(home, ["@docrelay/client", "vite"]);
  const { stdout } = await run(process.execPath, [join(home, "node_modules/vite/bin/vite.js"), "build"], { cwd: home });
  expect(stdout).toContain("built in");
});

it.each(["react", "ai-sdk"])("examples/%s is built from packed packages", { timeout: 300_000 }, async (example) => {
  const home = await mkdtemp(join(tmpdir(), "example-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  cpSync(join(ROOT, "examples", example), home, { recursive: true, filter: (path) => !path.includes("node_modules") });
  await installAll(home, needsOf(home));
  const node = (script: string, ...words: string[]): Promise<string> =>
    run(process.execPath, [join(home, "node_modules", script), ...words], { cwd: home }).then(
      ({ stdout }) => stdout,
      ({ stdout, message }: { stdout: string; message: string }) => `${message}
${stdout}`,
    );
  expect(await node("typescript/bin/tsc")).toBe("");
  expect(await node("vite/bin/vite.js", "build")).toContain("built in");
  const assets = await readdir(join(home, "dist/assets"));
  expect(assets.some((name) => name.endsWith(".js"))).toBe(true);
});
