import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import module from "node:module";
import { pathToFileURL } from "node:url";

const CHECK_MS = 500;

/**
 * Runs Node with the arguments `words`, passes signals on to it, and returns its exit code. When this process ends,
 * even by SIGKILL, the IPC channel closes, and the child has to end itself (see end-with-launcher.mjs). npm opens no
 * such channel to this process, so this process ends the child when npm has ended. Without npm, nothing is watched.
 */
export function runChild(node, words, { cwd, env }) {
  const child = spawn(node, words, { cwd, env, stdio: ["inherit", "inherit", "inherit", "ipc"] });
  const watch = whenNpmHasEnded(() => child.kill("SIGTERM"));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.on(signal, () => child.kill(signal === "SIGHUP" ? "SIGTERM" : signal));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  }).finally(() => clearInterval(watch));
}

/**
 * Runs a program in this process, which saves the memory and the start of a second process. The program itself ends the
 * process. When npm is killed or the terminal closes, the program gets a SIGTERM, to which it listens.
 */
export async function runHere(entry, { cwd, env }) {
  process.chdir(cwd);
  Object.assign(process.env, env);
  module.enableCompileCache(env.NODE_COMPILE_CACHE);
  const end = () => process.emit("SIGTERM", "SIGTERM");
  whenNpmHasEnded(end).unref();
  process.on("SIGHUP", end);
  await import(pathToFileURL(entry).href);
}

/**
 * Calls `act` every `CHECK_MS` once the npm that started this process has ended; never if npm did not start it. Returns
 * the timer.
 */
function whenNpmHasEnded(act) {
  const npm = process.env.npm_lifecycle_event === undefined ? undefined : npmPid();
  return setInterval(() => npm !== undefined && !isAlive(npm) && act(), CHECK_MS);
}

/**
 * Returns the pid of the npm that runs this script: the parent, or if that is a shell, the parent's parent. npm starts
 * scripts by a shell. Some shells replace themselves with the script; the others continue to run when npm is killed.
 */
function npmPid() {
  const { name, parent } = describe(process.ppid);
  return parent !== undefined && name.endsWith("sh") ? parent : process.ppid;
}

/** Returns the name and the parent's pid of a process, as far as this system shows them. */
function describe(pid) {
  try {
    const [, name, parent] = /^\d+ \((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    return { name, parent: Number(parent) };
  } catch {
    // There is no `/proc`, because this system is not Linux; `ps` is used instead.
  }
  try {
    const line = execFileSync("ps", ["-o", "ppid=,comm=", "-p", String(pid)], { encoding: "utf8" });
    const [, parent, name] = /^\s*(\d+)\s+(.*?)\s*$/.exec(line) ?? [];
    return { name, parent: Number(parent) };
  } catch {
    return { name: "", parent: undefined };
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM";
  }
}
