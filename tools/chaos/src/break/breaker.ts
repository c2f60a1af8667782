import type { Proxy } from "@docrelay/testkit";
import { setTimeout as sleep } from "node:timers/promises";
import { revive, type Cluster, type Member } from "../cluster/cluster.ts";
import type { History } from "../history.ts";
import { SOUND, type Machine } from "../preload/machine.ts";
import type { Break, NetFault } from "./plan.ts";

export interface Breaker {
  /** Causes one fault; resolves when it is over. */
  do(one: Break): Promise<void>;
  /** Waits until no fault is active. */
  settled(): Promise<void>;
}

const MAX_WAIT_MS = 20_000;

/** Causes planned faults on a cluster, and records each fault with its duration. */
export function createBreaker(cluster: Cluster, history: History): Breaker {
  const field: Field = { cluster, history, busy: new Set() };
  const under = new Set<Promise<void>>();

  return {
    do(one) {
      const [, target] = one.fault.split(" ");
      const work =
        one.fault in REDIS_FAULTS
          ? breakRedis(field, one)
          : target === "edge" || target === "worker"
            ? breakProcess(field, one)
            : breakNet(field, one);
      under.add(work);
      return work.finally(() => under.delete(work));
    },
    async settled() {
      await Promise.allSettled([...under]);
    },
  };
}

/** The values that all functions of this file share. */
interface Field {
  readonly cluster: Cluster;
  readonly history: History;
  /** The edges, workers and Redis that have a fault at present. */
  readonly busy: Set<Member | "redis">;
}

/** Waits for a running member of `among` without a fault, and reserves it; `who` selects one if there are several. */
async function claim(field: Field, among: readonly Member[], who: number): Promise<Member | undefined> {
  for (let waited = 0; waited < MAX_WAIT_MS; waited += 100) {
    const standing = among.filter((member) => member.up && !field.busy.has(member));
    const member = standing[who % Math.max(1, standing.length)];
    if (member) {
      field.busy.add(member);
      return member;
    }
    await sleep(100);
  }
  return undefined;
}

/** The faults of Redis itself: each function causes one, and resolves when Redis is well again. */
const REDIS_FAULTS: Readonly<Record<string, (field: Field, forMs: number) => Promise<void>>> = {
  async "kill redis"({ cluster: { redis } }, forMs) {
    await redis.kill();
    await sleep(forMs);
    await redis.restart();
  },
  async "freeze redis"({ cluster: { redis } }, forMs) {
    await redis.pause();
    await sleep(forMs);
    await redis.resume();
  },
  /** Makes Redis accept connections and stay silent, as it does while it reads a long append-only file. */
  async "slow redis"({ cluster: { redis } }, forMs) {
    await redis.kill();
    await redis.restart();
    await redis.pause();
    await sleep(forMs);
    await redis.resume();
  },
  async "fill redis"({ cluster }, forMs) {
    await cluster.command("CONFIG", "SET", "maxmemory", "1");
    await sleep(forMs);
    await cluster.command("CONFIG", "SET", "maxmemory", "0");
  },
};

/** Keeps a copy of Redis's append-only file, calls `between`, and then restores Redis from the copy. */
export async function rollBack({ redis }: Cluster, history: History, between: () => Promise<unknown>): Promise<void> {
  const keptAt = history.now();
  await redis.keep();
  await between();
  await redis.rollBack();
  history.add({ kind: "rollback", keptAt });
}

async function breakRedis(field: Field, { fault, forMs }: Break): Promise<void> {
  for (let waited = 0; field.busy.has("redis") && waited < MAX_WAIT_MS; waited += 100) await sleep(100);
  field.busy.add("redis");
  const begun = field.history.now();
  try {
    await REDIS_FAULTS[fault]?.(field, forMs);
  } finally {
    field.busy.delete("redis");
    field.history.add({ kind: "fault", fault, target: "redis", forMs: field.history.now() - begun });
  }
}

/** Returns the state of the process's machine during this fault; undefined if the fault is not one of a machine. */
function machineOf({ fault, amount }: Break): Machine | undefined {
  if (fault.startsWith("jump")) return { aheadMs: amount };
  if (fault.startsWith("starve")) return { isOutOfDescriptors: true };
  return fault.startsWith("fill") ? { isDiskFull: true } : undefined;
}

async function breakProcess(field: Field, one: Break): Promise<void> {
  const { fault, who, forMs } = one;
  const member = await claim(field, fault.endsWith("edge") ? field.cluster.edges : field.cluster.workers, who);
  if (!member) return;
  const begun = field.history.now();
  try {
    const machine = machineOf(one);
    if (machine) {
      member.find(machine);
      await sleep(forMs);
      member.find(SOUND);
    } else if (fault.startsWith("freeze")) {
      member.freeze();
      await sleep(forMs);
      member.thaw();
    } else {
      await member.kill(fault.startsWith("stop") ? "SIGTERM" : "SIGKILL");
      await sleep(forMs);
      await revive(member, field.history);
    }
  } finally {
    field.busy.delete(member);
    field.history.add({ kind: "fault", fault, target: member.name, forMs: field.history.now() - begun });
  }
}

async function breakNet(field: Field, { fault, who, forMs, amount }: Break): Promise<void> {
  const member = field.cluster.members[who % field.cluster.members.length];
  if (!member) return;
  const [what, hop] = fault.split(" ");
  const proxy = hop === "redis" ? member.redisHop : member.outerHop;
  const direction = who % 2 === 0 ? "up" : "down";
  damage(proxy, what as NetFault extends `${infer W} ${string}` ? W : never, amount, direction);
  field.history.add({ kind: "fault", fault, target: member.name, forMs });
  if (forMs === 0) return;
  await sleep(forMs);
  proxy.heal();
}

function damage(
  proxy: Proxy,
  what: NetFault extends `${infer W} ${string}` ? W : never,
  amount: number,
  direction: "up" | "down",
): void {
  switch (what) {
    case "reset":
      return proxy.reset();
    case "blackhole":
      return proxy.blackhole();
    case "one-way":
      return proxy.blackhole(direction);
    case "latency":
      return proxy.latency(amount);
    case "bandwidth":
      return proxy.bandwidth(amount);
    case "slice":
      return proxy.slice(amount);
  }
}
