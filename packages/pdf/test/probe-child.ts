import { enterSandbox } from "../src/child/sandbox.ts";
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { Resolver as CallbackResolver } from "node:dns";
import { lookup, Resolver } from "node:dns/promises";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { connect, createServer } from "node:net";
import { getPriority, setPriority, tmpdir } from "node:os";
import { Worker } from "node:worker_threads";

/*
 * A program that runs in the child's sandbox in place of child.ts. It tries what an attacker would try who controls a
 * PDF engine, and reports each successful try as the text of a page.
 */

enterSandbox();

const TRIES: Record<string, () => unknown> = {
  environment: () => {
    if (Object.keys(process.env).length === 0) throw new Error("empty");
  },
  "reading a file": () => readFileSync("/etc/hostname"),
  "reading the project": () => readFileSync(`${import.meta.dirname}/../../../package.json`),
  "writing a file": () => writeFileSync(`${tmpdir()}/docrelay-probe-${process.pid}`, "x"),
  "starting a process": () => execFileSync("/bin/true"),
  "starting a thread": () => new Worker("0", { eval: true }),
  "loading native code": () => process.dlopen({ exports: {} }, "/nowhere.node"),
  "connecting by TCP": () => connect(6379, "127.0.0.1"),
  listening: () => createServer().listen(0),
  "sending by UDP": () => createSocket("udp4"),
  "asking for a name": () => lookup("localhost"),
  "asking a name server": () => {
    const resolver = new Resolver();
    resolver.setServers(["127.0.0.1:1"]);
    return resolver.resolve4("localhost");
  },
  "asking a name server with a callback": () => {
    new CallbackResolver().resolve4("localhost", () => undefined);
  },
  "a signal to another process": () => process.kill(process.ppid, 0),
  "another process's priority": () => setPriority(process.ppid, 19),
  "a database": () => import("node:sqlite"),
  "a database by the process": () => process.getBuiltinModule("node:sqlite").DatabaseSync,
  "the inspector": () => import("node:inspector"),
  "the inspector by require": () => createRequire(import.meta.url)("node:inspector"),
  fetching: () => fetch("http://127.0.0.1:1/"),
  "usual priority": () => {
    if (getPriority() > 0) throw new Error("lowered");
  },
};

async function wentThrough(attempt: () => unknown): Promise<boolean> {
  try {
    await attempt();
    return true;
  } catch {
    return false;
  }
}

process.on("message", async () => {
  for (const [name, attempt] of Object.entries(TRIES))
    if (await wentThrough(attempt)) process.send?.({ type: "page", page: 1, text: name, scan: false });
  process.send?.({ type: "done" });
});
process.send?.({ type: "ready" });
