import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../src/programs.ts";

const run = promisify(execFile);

interface Manifest {
  readonly name: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}
const manifestIn = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;

/** The folders of the packages that others install; such a package has a script `prepack`. */
const published = readdirSync(join(ROOT, "packages"))
  .map((name) => join(ROOT, "packages", name))
  .filter((folder) => existsSync(join(folder, "package.json")) && manifestIn(folder).scripts?.["prepack"]);

it("there are packages that others install", () => {
  expect(published.length).toBeGreaterThan(0);
});

describe.each(published.map((folder) => [manifestIn(folder).name, folder] as const))("%s", (name, folder) => {
  let home: string;
  let tarball: Buffer;
  let installed: string;

  /** Packs the package as for a release, and unpacks it as an installer does, with links to its dependencies. */
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "published-"));
    const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", home], { cwd: folder });
    const [{ filename = "" } = {}] = JSON.parse(stdout.slice(stdout.lastIndexOf("\n[\n"))) as { filename?: string }[];
    tarball = await readFile(join(home, filename));
    installed = join(home, "node_modules", name);
    await mkdir(installed, { recursive: true });
    await run("tar", ["-xzf", join(home, filename), "--strip-components=1", "-C", installed]);
    const { dependencies = {}, peerDependencies = {} } = manifestIn(installed);
    const all = Object.keys({ ...dependencies, ...peerDependencies });
    // A TypeScript project that uses React has installed React's types, too, so they are linked.
    const types = all.map((needed) => `@types/${needed}`).filter((it) => existsSync(join(folder, "node_modules", it)));
    for (const needed of [...all, ...types]) {
      await mkdir(join(home, "node_modules", needed, ".."), { recursive: true });
      await symlink(join(folder, "node_modules", needed), join(home, "node_modules", needed));
    }
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  it("has nothing that publint or arethetypeswrong complain of", async () => {
    const bytes = Uint8Array.from(tarball);
    const { messages } = await publint({ pack: { tarball: bytes.buffer }, level: "suggestion" });
    expect(messages).toEqual([]);
    const types = await checkPackage(createPackageFromTarballData(bytes));
    expect(types).toMatchObject({ types: { kind: "included" }, problems: [] });
  });

  it("depends on ranges of packages that anybody can install", () => {
    const { dependencies = {}, peerDependencies = {} } = manifestIn(installed);
    for (const range of Object.values({ ...dependencies, ...peerDependencies })) expect(range).toMatch(/^(\^|>=)\d/);
  });

  it("declares what the report in the repository says", async () => {
    // If the change is intended, `npx vitest -u` writes the file again, and CHANGELOG.md must tell users what to do.
    await expect(await readFile(join(installed, "dist/index.d.ts"), "utf8")).toMatchFileSnapshot(
      join(folder, "api.d.ts"),
    );
  });

  it("is imported, required and compiled by a project that has only it", async () => {
    const names = async (word: string): Promise<string[]> => {
      const { stdout } = await run(process.execPath, ["-e", word], { cwd: home });
      return (JSON.parse(stdout) as string[]).toSorted();
    };
    const print = "console.log(JSON.stringify(Object.keys(it)))";
    const imported = await names(`import(${JSON.stringify(name)}).then((it) => ${print})`);
    expect(imported.length).toBeGreaterThan(0);
    expect(await names(`const it = require(${JSON.stringify(name)}); ${print}`)).toEqual(imported);
    await writeFile(join(home, "use.ts"), `import * as it from ${JSON.stringify(name)};\nexport const used = it;\n`);
    const strict = ["--noEmit", "--strict", "--exactOptionalPropertyTypes", "--types", "", "--lib", "es2024,dom"];
    const how = ["--module", "nodenext", "--target", "es2024", "--skipLibCheck", "false"];
    const compiler = [join(ROOT, "node_modules/typescript/bin/tsc"), ...strict, ...how, "use.ts"];
    const said = await run(process.execPath, compiler, { cwd: home }).then(
      ({ stdout }) => stdout,
      ({ stdout }: { stdout: string }) => stdout || "the compiler said nothing",
    );
    // Errors in declarations of other packages are left out, because these may not satisfy the strict settings of this
    // test.
    const [first = ""] = said.split(/\n(?!\s)/).filter((line) => line && !/^[^(]*\/\.pnpm\//.test(line));
    expect(first).toBe("");
  });
});
