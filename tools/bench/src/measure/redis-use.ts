import type { Redis } from "ioredis";

/** The counters of a Redis since its start. */
export interface RedisUse {
  /** How many scripts and functions were run. */
  readonly scripts: number;
  /** How many other commands were run, inside scripts or sent by clients. */
  readonly commands: number;
  readonly cpuMs: number;
}

const SCRIPTS = new Set(["eval", "eval_ro", "evalsha", "evalsha_ro", "fcall", "fcall_ro"]);
/**
 * Commands that are not counted, because no ask causes them: those of connections, of loading scripts, and of this
 * measurement.
 */
const APART = new Set(["info", "hello", "auth", "client", "select", "ping", "script", "function", "config", "command"]);

/** Reads the sections `cpu` and `commandstats` of Redis's `INFO`. */
export function readRedisUse(info: string): RedisUse {
  let [scripts, commands] = [0, 0];
  for (const [, command = "", count] of info.matchAll(/^cmdstat_([^:|]+)[^:]*:calls=(\d+)/gm)) {
    if (SCRIPTS.has(command)) scripts += Number(count);
    else if (!APART.has(command)) commands += Number(count);
  }
  const seconds = (name: string): number => Number(new RegExp(`^used_cpu_${name}:([\\d.]+)`, "m").exec(info)?.[1]);
  return { scripts, commands, cpuMs: (seconds("user") + seconds("sys")) * 1000 };
}

/** Reads the counters of a Redis, by a single command, so that the measurement itself costs little. */
export async function redisUse(redis: Redis): Promise<RedisUse> {
  return readRedisUse(await redis.info("cpu", "commandstats"));
}
