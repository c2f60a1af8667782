import { connect } from "@docrelay/client";
import { freePort, makePdf, spawnNode } from "@docrelay/testkit";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandOf, launch } from "./launcher.ts";

const ROOT = join(import.meta.dirname, "../../..");

/** A folder with the same files as the Docker image, and with the built launcher. */
let image: string;

beforeAll(async () => {
  await using build = spawnNode(join(ROOT, "tools/bundle/src/main.ts"), { cwd: ROOT });
  expect(await build.exited, build.lines.join("\n")).toEqual({ code: 0, signal: null });
  image = mkdtempSync(join(realpathSync(tmpdir()), "docrelay-image-"));
  for (const app of ["edge", "worker", "local"])
    cpSync(join(ROOT, "apps", app, "dist"), join(image, "apps", app, "dist"), { recursive: true });
  const { dependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(ROOT, "packages/pdf/package.json"), "utf8"),
  ) as Record<"dependencies" | "optionalDependencies", Record<string, string>>;
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const link = join(image, "packages/pdf/node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(realpathSync(join(ROOT, "packages/pdf/node_modules", name)), link);
  }
});
afterAll(() => rmSync(image, { recursive: true, force: true }));

/**
 * Returns the command lines of the child processes that read PDFs. `Launcher.pids` does not find these, because they
 * have no environment variables.
 */
function childrenOf(pids: readonly number[]): string[] {
  const all = execFileSync("ps", ["axww", "-o", "ppid=,command="], { encoding: "utf8" }).split("\n");
  return all.filter((line) => pids.includes(Number.parseInt(line, 10)) && line.includes("/child."));
}

describe("the built programs", () => {
  it.each(["auto", "pdf-parse"])(
    "answer from a PDF, run no source, and bound what a child reads: %s",
    async (engine) => {
      const port = await freePort();
      await using local = launch({ PORT: String(port), PDF_ENGINE: engine }, join(image, "apps/local/dist/local.mjs"));
      await local.process.waitFor(/^ready /);
      const relay = connect({ url: `http://127.0.0.1:${port}` });
      const files = [{ name: "a.pdf", bytes: makePdf({ pages: ["The lighthouse was painted green in 1931."] }) }];
      const said = await relay.conversation().ask("When was the lighthouse painted?", { files }).text();
      relay.close();
      expect(said).toContain("painted green in 1931.");

      const children = childrenOf(local.pids());
      const commands = [...local.pids().map(commandOf), ...children];
      expect(commands.filter((command) => command.includes(".ts"))).toEqual([]);
      for (const program of ["edge/dist/edge.mjs", "worker/dist/worker.mjs", "worker/dist/child.mjs"])
        expect(commands.filter((command) => command.includes(program))).not.toEqual([]);

      const flags = children[0]?.split(" ") ?? [];
      expect(flags).toContain("--permission");
      const allowed = flags.filter((flag) => flag.startsWith("--allow-")).map((flag) => flag.split("="));
      expect(new Set(allowed.map(([name]) => name))).toEqual(new Set(["--allow-fs-read"]));
      const paths = allowed.map(([, path = ""]) => path);
      const own = paths.filter((path) => !/\/node_modules\/\.pnpm\/[^/]+\/node_modules$/.test(path));
      expect(own.toSorted()).toEqual([join(image, "apps/worker/dist/child.mjs"), join(image, "packages/pdf")]);
      expect(paths.length - own.length).toBe(3);
    },
  );

  it.each(["edge", "worker", "demo-engine", "local"])("have stacks and a source map in %s", (app) => {
    const file = join(ROOT, "apps", app, "dist", `${app}.mjs`);
    expect(readFileSync(file, "utf8")).toContain("Error.prepareStackTrace = (error, sites)");
    expect(existsSync(`${file}.map`)).toBe(true);
    const { sources } = JSON.parse(readFileSync(`${file}.map`, "utf8")) as { sources: string[] };
    expect(sources).toContain("../src/main.ts");
    expect(readFileSync(join(file, "../THIRD-PARTY-LICENCES.txt"), "utf8")).toMatch(/^zod \d/m);
  });
});
