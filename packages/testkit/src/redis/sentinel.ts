import { once } from "node:events";
import { connect } from "node:net";
import { eventually } from "../eventually.ts";
import { startRedisServer } from "./redis-server.ts";
import type { TestRedis } from "./test-redis.ts";

/** A master, its replicas and a Sentinel, each in a process of its own. They end when this process ends. */
export interface TestSentinel extends AsyncDisposable {
  /** The settings `REDIS_SENTINELS` and `REDIS_SENTINEL_NAME` for this Sentinel. */
  readonly env: Readonly<Record<"REDIS_SENTINELS" | "REDIS_SENTINEL_NAME", string>>;
  /** The Redis servers. The first one is the master at the start. */
  readonly servers: readonly TestRedis[];
  /** The port of the current master, as reported by the Sentinel. */
  master(): Promise<number>;
  stop(): Promise<void>;
}

const NAME = "relay";
const ARGS = ["--save", "", "--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"];

/**
 * Starts a master, replicas and a Sentinel. Resolves when all replicas are connected. A master that is silent for
 * `downAfterMs` is replaced.
 */
export async function startSentinel({
  replicas = 2,
  downAfterMs = 1000,
  args = [],
}: { replicas?: number; downAfterMs?: number; args?: readonly string[] } = {}): Promise<TestSentinel> {
  const master = await startRedisServer([...ARGS, ...args]);
  const following = ["--replicaof", `127.0.0.1 ${master.port}`, "--repl-diskless-sync-delay", "0"];
  const others = await Promise.all(
    Array.from({ length: replicas }, () => startRedisServer([...ARGS, ...following, ...args])),
  );
  const servers = [master, ...others];
  await eventually(async () => (await ask(master.port, "ROLE")).split("127.0.0.1").length > replicas, {
    what: "the replicas",
  });
  const sentinel = await startRedisServer(
    [],
    [
      `sentinel monitor ${NAME} 127.0.0.1 ${master.port} 1`,
      `sentinel down-after-milliseconds ${NAME} ${downAfterMs}`,
      `sentinel failover-timeout ${NAME} 5000`,
      "",
    ].join("\n"),
  );
  const stop = async (): Promise<void> => {
    await Promise.all([sentinel, ...servers].map((one) => one.stop()));
  };
  // How many replicas the Sentinel knows. The start waits until it knows all, because a Sentinel that knows no replica
  // cannot promote one.
  const known = async (): Promise<number> =>
    (await ask(sentinel.port, `SENTINEL replicas ${NAME}`)).split("runid").length - 1;
  await eventually(async () => (await known()) === replicas, {
    what: "a Sentinel that knows the replicas",
  });
  return {
    env: { REDIS_SENTINELS: `127.0.0.1:${sentinel.port}`, REDIS_SENTINEL_NAME: NAME },
    servers,
    master: async () =>
      Number(/\r\n(\d+)\r\n$/.exec(await ask(sentinel.port, `SENTINEL get-master-addr-by-name ${NAME}`))?.[1]),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Sends one command to the server on this port, and returns the first part of the reply that arrives, unparsed. */
async function ask(port: number, command: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  try {
    socket.write(`${command}\r\n`);
    const [data] = (await once(socket, "data")) as [Buffer];
    return data.toString();
  } finally {
    socket.destroy();
  }
}
