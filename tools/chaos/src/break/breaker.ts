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
  const busy = new Set<Member | "redis">();
  const under = new Set<Promise<void>>();

  /** A member that is running and has no other fault at the moment; waits until there is one. */
  async function claim(among: readonly Member[], who: number): Promise<Member | undefined> {
    for (let waited = 0; waited < MAX_WAIT_MS; waited += 100) {
      const standing = among.filter((member) => member.up && !busy.has(member));
      const member = standing[who % Math.max(1, standing.length)];
      if (member) {
        busy.add(member);
        return member;
      }
      await sleep(100);
    }
    return undefined;
  }

  async function redis(fault: string, forMs: number): Promise<void> {
    for (let waited = 0; busy.has("redis") && waited < MAX_WAIT_MS; waited += 100) await sleep(100);
    busy.add("redis");
    const begun = history.now();
    try {
      if (fault === "kill redis") {
        await cluster.redis.kill();
        await sleep(forMs);
        await cluster.redis.restart();
      } else {
        await cluster.redis.pause();
        await sleep(forMs);
        await cluster.redis.resume();
      }
    } finally {
      busy.delete("redis");
      history.add({ kind: "fault", fault, target: "redis", forMs: history.now() - begun });
    }
  }

  async function process({ fault, who, forMs }: Break): Promise<void> {
    const member = await claim(fault.endsWith("edge") ? cluster.edges : cluster.workers, who);
    if (!member) return;
    const begun = history.now();
    try {
      if (fault.startsWith("freeze")) {
        member.freeze();
        await sleep(forMs);
        member.thaw();
      } else {
        await member.kill(fault.startsWith("stop") ? "SIGTERM" : "SIGKILL");
        await sleep(forMs);
        await revive(member, history);
      }
    } finally {
      busy.delete(member);
      history.add({ kind: "fault", fault, target: member.name, forMs: history.now() - begun });
    }
  }

  async function net({ fault, who, forMs, amount }: Break): Promise<void> {
    const member = cluster.members[who % cluster.members.length];
    if (!member) return;
    const [what, hop] = fault.split(" ");
    const proxy = hop === "redis" ? member.redisHop : member.outerHop;
    const direction = who % 2 === 0 ? "up" : "down";
    damage(proxy, what as NetFault extends `${infer W} ${string}` ? W : never, amount, direction);
    history.add({ kind: "fault", fault, target: member.name, forMs });
    if (forMs === 0) return;
    await sleep(forMs);
    proxy.heal();
  }

  return {
    do(one) {
      const [, target] = one.fault.split(" ");
      const work =
        target === "redis" && /^(kill|freeze)/.test(one.fault)
          ? redis(one.fault, one.forMs)
          : target === "edge" || target === "worker"
            ? process(one)
            : net(one);
      under.add(work);
      return work.finally(() => under.delete(work));
    },
    async settled() {
      await Promise.allSettled([...under]);
    },
  };
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
