import type { Cluster, Redis } from "ioredis";

/**
 * A connection for commands, to a single server or to all nodes of a cluster. In a cluster, a script, a transaction or
 * a command with several keys may use keys of one slot only; see the hash tags in {@link KEYS}.
 */
export type RedisClient = Redis | Cluster;

/** A connection for subscriptions, to a single server or to the masters of a cluster. */
export interface RedisSubscriber {
  readonly status: string;
  /** Resolves when Redis has confirmed the subscription. Idempotent. */
  ssubscribe(channel: string | Buffer): Promise<unknown>;
  sunsubscribe(channel: string | Buffer): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  disconnect(): void;
  on(event: "message" | "smessage", listener: (channel: string, message: string) => void): unknown;
  on(event: "smessageBuffer", listener: (channel: Buffer, message: Buffer) => void): unknown;
  /** Emitted when the connection is ready; with a single server, also after each reconnect. */
  on(event: "ready", listener: () => void): unknown;
  /** Emitted only in a cluster: these channels were without a subscription for a moment, and are subscribed again. */
  on(event: "back", listener: (channels: ReadonlySet<string>) => void): unknown;
  once(event: "ready", listener: () => void): unknown;
  off(event: "smessage", listener: (channel: string, message: string) => void): unknown;
}

/**
 * Calls `back` when channels are subscribed again that may have missed messages: with these channels, or without an
 * argument if it concerns all channels.
 */
export function onBack(subscriber: RedisSubscriber, back: (channels?: ReadonlySet<string>) => void): void {
  let wasReady = subscriber.status === "ready";
  subscriber.on("ready", () => {
    if (wasReady) back();
    wasReady = true;
  });
  subscriber.on("back", back);
}
