import dgram from "node:dgram";
import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";

/*
 * What a process that reads other people's files gives up before it reads the first one. Node's permission model (see
 * child-process.ts) takes away files, processes, threads and native code; on Node 24 it knows nothing of the network.
 */

/** Takes the network away from everything that runs in this process, which ends with its parent. Call it first. */
export function enterSandbox(): void {
  process.once("disconnect", () => process.exit());
  closeNetwork();
}

function closeNetwork(): void {
  const refuse = (): never => {
    throw new Error("no network here");
  };
  net.Socket.prototype.connect = refuse;
  net.Server.prototype.listen = refuse;
  Object.assign(dgram, { createSocket: refuse });
  Object.assign(dns, { lookup: refuse, resolve: refuse });
  Object.assign(dns.promises, { lookup: refuse, resolve: refuse });
  Object.assign(globalThis, { fetch: refuse, WebSocket: refuse, EventSource: refuse });
  syncBuiltinESMExports();
}
