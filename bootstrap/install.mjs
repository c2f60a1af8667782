import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { command, once, root } from "./step.mjs";

const NODE_FLOOR = [24, 11];
const windows = process.platform === "win32";

/**
 * Returns the paths of Node 24.11 or newer (the host's own, or from an npm package) and of pnpm (from an npm package).
 */
export async function installTools() {
  const here = join(root, "bootstrap");
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const own = major > NODE_FLOOR[0] || (major === NODE_FLOOR[0] && minor >= NODE_FLOOR[1]);
  const platform = `${process.platform}-${process.arch}`;
  const node = own
    ? process.execPath
    : join(here, "node_modules", `node-${platform.replace("win32", "win")}`, "bin", windows ? "node.exe" : "node");
  const pnpm = join(here, "node_modules", "@pnpm", `exe.${platform}`, windows ? "pnpm.exe" : "pnpm");
  const lock = readFileSync(join(here, "package-lock.json"));
  const install = () =>
    command(windows ? "npm.cmd" : "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: here,
      shell: windows,
    });
  await once({
    name: "tools",
    inputs: [lock, platform],
    isThere: existsSync(pnpm) && existsSync(node),
    what: own ? "pnpm 12" : "Node 24 and pnpm 12",
    work: install,
  });
  if (!existsSync(node))
    throw new Error(
      `There is no Node 24 package for ${platform}. Install Node 24.11 or newer, then type the same again.`,
    );
  if (!existsSync(pnpm))
    throw new Error(`There is no pnpm package for ${platform}. Use Linux (x64, arm64), macOS or Windows (x64).`);
  return { node, pnpm };
}

/** Installs all dependencies in the versions of the lockfile. */
export async function installDependencies(pnpm) {
  const manifests = ["apps", "packages", "tools"].flatMap((folder) =>
    readdirSync(join(root, folder))
      .map((name) => join(root, folder, name, "package.json"))
      .filter((path) => existsSync(path)),
  );
  const files = [
    join(root, "pnpm-lock.yaml"),
    join(root, "pnpm-workspace.yaml"),
    join(root, "package.json"),
    ...manifests,
  ];
  await once({
    name: "dependencies",
    inputs: files.map((path) => readFileSync(path)),
    isThere: existsSync(join(root, "node_modules/.modules.yaml")),
    what: "dependencies",
    work: () =>
      command(pnpm, ["install", "--frozen-lockfile", "--ignore-scripts"], {
        cwd: root,
        env: { ...process.env, CI: "true" },
      }),
  });
}

/**
 * Builds the programs of `npm start`, if a dependency or the sources of an app, of a package or of the builder have
 * changed.
 */
export async function buildPrograms(node) {
  const apps = ["edge", "worker", "demo-engine", "local"].map((name) => join(root, "apps", name));
  const folders = [...apps, join(root, "tools/bundle"), ...packages()].map((folder) => join(folder, "src"));
  const sources = folders.filter((folder) => existsSync(folder)).flatMap((folder) => walk(folder));
  const inputs = [...sources.filter((path) => !path.endsWith(".test.ts")), join(root, "pnpm-lock.yaml")];
  await once({
    name: "programs",
    inputs: inputs.flatMap((path) => [path, readFileSync(path)]),
    isThere: apps.every((app) => existsSync(join(app, "dist"))),
    what: "the programs",
    work: () => command(node, [join(root, "tools/bundle/src/main.ts")], { cwd: root }),
  });
}

function packages() {
  return readdirSync(join(root, "packages")).map((name) => join(root, "packages", name));
}

/** Builds the page, if its sources or those of the packages that it contains have changed. */
export async function buildWeb(node) {
  const web = join(root, "apps/web");
  const sources = ["apps/web", "packages/client/src", "packages/protocol/src"].flatMap((folder) =>
    walk(join(root, folder)),
  );
  const vite = join(web, "node_modules/vite/bin/vite.js");
  await once({
    name: "web",
    inputs: sources.flatMap((path) => [path, readFileSync(path)]),
    isThere: existsSync(join(web, "dist/index.html")),
    what: "the page",
    work: () => command(node, [vite, "build"], { cwd: web, env: { ...process.env, NODE_ENV: "production" } }),
  });
}

function walk(folder) {
  return readdirSync(folder)
    .filter((name) => name !== "node_modules" && name !== "dist" && name !== "test")
    .flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? walk(path) : [path];
    });
}
