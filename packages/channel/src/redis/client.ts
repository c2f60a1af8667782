import type { Cluster, Redis } from "ioredis";

/**
 * A connection for commands: of a single server, or of all nodes of a cluster. There a script, a transaction and a command
 * of several keys reach keys of one slot only; see the hash tags in {@link KEYS}.
 */
export type RedisClient = Redis | Cluster;

/** A connection for subscriptions: of a single server, or of the masters of a cluster. */
export interface RedisSubscriber {
  readonly status: string;
  /** Resolves when it is confirmed. Idempotent. */
  ssubscribe(channel: string | Buffer): Promise<unknown>;
  sunsubscribe(channel: string | Buffer): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  disconnect(): void;
  on(event: "message" | "smessage", listener: (channel: string, message: string) => void): unknown;
  on(event: "smessageBuffer", listener: (channel: Buffer, message: Buffer) => void): unknown;
  /** Connected; of a single server, again after each reconnect. */
  on(event: "ready", listener: () => void): unknown;
  /** Of a cluster: these channels were lost for a moment, and are subscribed again. */
  on(event: "back", listener: (channels: ReadonlySet<string>) => void): unknown;
  once(event: "ready", listener: () => void): unknown;
  off(event: "smessage", listener: (channel: string, message: string) => void): unknown;
}

/** Calls back when channels may have missed messages and are subscribed again: with these channels, or for all. */
export function onBack(subscriber: RedisSubscriber, back: (channels?: ReadonlySet<string>) => void): void {
  let wasReady = subscriber.status === "ready";
  subscriber.on("ready", () => {
    if (wasReady) back();
    wasReady = true;
  });
  subscriber.on("back", back);
}
