import { AbstractConnector, type RedisOptions } from "ioredis";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { createLookup } from "./lookup.ts";

const DISCONNECT_MS = 2000;
/** The look-up of names, which all connections of this process to nodes, masters and sentinels share. */
export const lookup = createLookup();

/** Opens a connection to a node of a cluster as ioredis does it, except for how the node's name is looked up. */
export class NodeConnector extends AbstractConnector {
  readonly #options: RedisOptions;

  constructor(options: unknown) {
    super((options as RedisOptions).disconnectTimeout ?? DISCONNECT_MS);
    this.#options = options as RedisOptions;
  }

  override async connect(): Promise<Socket> {
    const { host = "127.0.0.1", port = 0, family, tls } = this.#options;
    this.connecting = true;
    // Connecting begins only after the code that runs now has ended, because that code may call `disconnect`.
    await new Promise<void>((resolve) => process.nextTick(resolve));
    if (!this.connecting) throw new Error("Connection is closed.");
    const to = { host, port, lookup, ...(family !== undefined && { family }) };
    this.stream = tls ? connectTls({ ...to, ...tls }) : connect(to);
    this.stream.once("error", (error) => (this.firstError = error));
    return this.stream;
  }
}
