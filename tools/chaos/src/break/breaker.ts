import type { Proxy } from "@docrelay/testkit";
import { setTimeout as sleep } from "node:timers/promises";
import { revive, type Cluster, type Member } from "../cluster/cluster.ts";
import type { History } from "../history.ts";
import type { Break, NetFault } from "./plan.ts";

export interface Breaker {
  /** Causes one fault; resolves when it is over. */
  do(one: Break): Promise<void>;
  /** Waits until no fault is active. */
  settled(): Promise<void>;
}

const MAX_WAIT_MS = 20_000;

/** Causes the faults of a plan on a cluster, and records each with its duration. */
export function createBreaker(cluster: Cluster, history: History): Breaker {
  const field: Field = { cluster, history, busy: new Set() };
  const under = new Set<Promise<void>>();

  return {
    do(one) {
      const [, target] = one.fault.split(" ");
      const work =
        target === "redis" && /^(kill|freeze)/.test(one.fault)
          ? breakRedis(field, one.fault, one.forMs)
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

/** What the functions of this file share. */
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

async function breakRedis(field: Field, fault: string, forMs: number): Promise<void> {
  for (let waited = 0; field.busy.has("redis") && waited < MAX_WAIT_MS; waited += 100) await sleep(100);
  field.busy.add("redis");
  const begun = field.history.now();
  try {
    if (fault === "kill redis") {
      await field.cluster.redis.kill();
      await sleep(forMs);
      await field.cluster.redis.restart();
    } else {
      await field.cluster.redis.pause();
      await sleep(forMs);
      await field.cluster.redis.resume();
    }
  } finally {
    field.busy.delete("redis");
    field.history.add({ kind: "fault", fault, target: "redis", forMs: field.history.now() - begun });
  }
}

async function breakProcess(field: Field, { fault, who, forMs }: Break): Promise<void> {
  const member = await claim(field, fault.endsWith("edge") ? field.cluster.edges : field.cluster.workers, who);
  if (!member) return;
  const begun = field.history.now();
  try {
    if (fault.startsWith("freeze")) {
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
