import { execFileSync, spawn } from "node:child_process";
import { readFileSync } from "node:fs";

const CHECK_MS = 500;

/**
 * Runs Node with these words until it ends, and passes signals on; returns its exit code. The IPC channel ends the child
 * when this process ends, also by SIGKILL. npm opens no such channel, so under npm its pid is watched; started by hand,
 * this process outlives its shell.
 */
export function runChild(node, words, { cwd, env }) {
  const child = spawn(node, words, { cwd, env, stdio: ["inherit", "inherit", "inherit", "ipc"] });
  const npm = process.env.npm_lifecycle_event === undefined ? undefined : npmPid();
  const watch = setInterval(() => npm !== undefined && !isAlive(npm) && child.kill("SIGTERM"), CHECK_MS);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.on(signal, () => child.kill(signal === "SIGHUP" ? "SIGTERM" : signal));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  }).finally(() => clearInterval(watch));
}

/**
 * The process that runs this script for npm: the parent, or the parent's parent. npm starts scripts by a shell, and only
 * some shells replace themselves with the script; the others go on when npm is killed.
 */
function npmPid() {
  const { name, parent } = describe(process.ppid);
  return parent !== undefined && name.endsWith("sh") ? parent : process.ppid;
}

/** The name and the parent of a process, as far as this system shows them. */
function describe(pid) {
  try {
    const [, name, parent] = /^\d+ \((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    return { name, parent: Number(parent) };
  } catch {
    // not Linux
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
