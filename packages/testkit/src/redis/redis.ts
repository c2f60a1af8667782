import { once } from "node:events";
import { connect } from "node:net";
import type { TestRedis } from "./test-redis.ts";

export interface RedisOptions {
  /** Whether Redis has an append-only file with fsync after every write, so that acknowledged writes survive `kill`. */
  readonly aof?: boolean;
  /** `false`: Redis is never started in a container. For measurements, which would include the container's network. */
  readonly container?: false;
  /** More options of redis-server. */
  readonly args?: readonly string[];
}

/**
 * Starts a Redis of version 7 or newer for one test: in a container if a Docker engine responds, otherwise as a local
 * `redis-server`. Tests are the same in both cases. Redis ends when this process ends, even by SIGKILL, and its files
 * are removed.
 * @throws Error with the command that installs `redis-server`, when there is neither.
 */
export async function startRedis(options: RedisOptions = {}): Promise<TestRedis> {
  const args = ["--save", "", "--maxmemory-policy", "noeviction"];
  // Settings that a deployment should have; see "Sizing" in docs/operations.md.
  args.push("--hash-max-listpack-value", "4096", "--stream-node-max-bytes", "1536", ...(options.args ?? []));
  if (options.aof) args.push("--appendonly", "yes", "--appendfsync", "always");
  if (options.container !== false && (await dockerAnswers())) {
    const { startRedisContainer } = await import("./redis-container.ts");
    return startRedisContainer(args);
  }
  const { startRedisServer } = await import("./redis-server.ts");
  return startRedisServer(args);
}

/** Whether a Docker engine replies on its socket within half a second. */
export async function dockerAnswers(): Promise<boolean> {
  const host = process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock";
  if (!host.startsWith("unix://")) return true;
  const socket = connect(host.slice("unix://".length));
  const timer = setTimeout(() => socket.destroy(new Error("slow")), 500);
  try {
    socket.write("GET /_ping HTTP/1.0\r\n\r\n");
    const [data] = (await once(socket, "data")) as [Buffer];
    return data.toString().includes("200 OK");
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
