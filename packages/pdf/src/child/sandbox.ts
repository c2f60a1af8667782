import dgram from "node:dgram";
import dns from "node:dns";
import { registerHooks, syncBuiltinESMExports } from "node:module";
import net from "node:net";
import os from "node:os";
import v8 from "node:v8";
import { mayLoad } from "./built-ins.ts";

/*
 * What a child process gives up before it reads an untrusted file. Node's permission model, which child-process.ts
 * turns on, refuses access to files, processes, threads and native code. On Node 24 it does not refuse the network,
 * signals to processes of the same user, and some built-in modules. This file takes these away.
 */

/**
 * Call this before the first untrusted file is read. Takes the network, signals and some built-in modules away from all
 * code in the process. Also makes the process end when its parent ends.
 */
export function enterSandbox(): void {
  process.once("disconnect", () => process.exit());
  closeNetwork();
  closeProcesses();
  syncBuiltinESMExports();
  closeModules();
}

const refuse = (): never => {
  throw new Error("not here");
};

function closeNetwork(): void {
  net.Socket.prototype.connect = refuse;
  net.Server.prototype.listen = refuse;
  Object.assign(dgram, { createSocket: refuse });
  for (const names of [dns, dns.promises]) {
    refuseAll(names.Resolver.prototype);
    refuseAll(names);
  }
  Object.assign(globalThis, { fetch: refuse, WebSocket: refuse, EventSource: refuse });
}

/** Replaces all functions of an object, even inherited ones, by `refuse`. */
function refuseAll(of: object): void {
  for (let at: object | null = of; at && at !== Object.prototype; at = Object.getPrototypeOf(at) as object | null) {
    for (const name of Object.getOwnPropertyNames(at)) {
      const { value, writable } = Object.getOwnPropertyDescriptor(at, name) ?? {};
      if (typeof value === "function" && writable === true) Object.assign(of, { [name]: refuse });
    }
  }
}

function closeProcesses(): void {
  Object.assign(process, { kill: refuse, _kill: refuse, _debugProcess: refuse, _debugEnd: refuse, binding: refuse });
  Object.assign(os, { setPriority: refuse });
  Object.assign(v8, { setFlagsFromString: refuse });
}

function closeModules(): void {
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      if (found.url.startsWith("node:") && !mayLoad(found.url)) return refuse();
      return found;
    },
  });
  const { getBuiltinModule } = process;
  Object.assign(process, { getBuiltinModule: (name: string) => (mayLoad(name) ? getBuiltinModule(name) : refuse()) });
}
