import type { Random } from "../random.ts";

/** One planned fault. `who` is a number that selects one of the members that are running at that time. */
export interface Break {
  readonly atMs: number;
  readonly fault: FaultName;
  readonly who: number;
  readonly forMs: number;
  /** The size of the fault: ms of latency or of a clock, bytes per second, or bytes per slice. */
  readonly amount: number;
}

export type FaultName =
  | "kill edge"
  | "kill worker"
  | "kill redis"
  | "freeze edge"
  | "freeze worker"
  | "freeze redis"
  | "stop edge"
  | "stop worker"
  | MachineFault
  | NetFault;

/** Faults of a machine: a clock that jumps, a full disk or memory, no descriptors left, a Redis that starts slowly. */
export type MachineFault = `${"jump" | "starve"} ${"edge" | "worker"}` | "fill edge" | `${"fill" | "slow"} redis`;

/** Faults of a connection: between clients and an edge, a process and Redis, or a worker and the engine. */
export type NetFault = `${"reset" | "blackhole" | "one-way" | "latency" | "bandwidth" | "slice"} ${"outer" | "redis"}`;

interface Every {
  readonly fault: FaultName;
  /** The mean time between two faults of this kind, in ms. */
  readonly everyMs: number;
  readonly forMs: readonly [number, number];
  readonly amount?: readonly [number, number];
}

const EVERY: readonly Every[] = [
  { fault: "kill edge", everyMs: 8800, forMs: [200, 1000] },
  { fault: "kill worker", everyMs: 8800, forMs: [200, 1000] },
  { fault: "kill redis", everyMs: 28_000, forMs: [200, 800] },
  { fault: "freeze redis", everyMs: 45_000, forMs: [500, 2500] },
  { fault: "freeze edge", everyMs: 40_000, forMs: [1000, 5000] },
  { fault: "freeze worker", everyMs: 30_000, forMs: [3500, 7000] },
  { fault: "stop edge", everyMs: 40_000, forMs: [0, 0] },
  { fault: "stop worker", everyMs: 40_000, forMs: [0, 0] },
  { fault: "jump edge", everyMs: 60_000, forMs: [2000, 8000], amount: [-900_000, 900_000] },
  { fault: "jump worker", everyMs: 60_000, forMs: [2000, 8000], amount: [-900_000, 900_000] },
  { fault: "starve edge", everyMs: 60_000, forMs: [1000, 4000] },
  { fault: "starve worker", everyMs: 60_000, forMs: [1000, 4000] },
  { fault: "fill edge", everyMs: 60_000, forMs: [1000, 4000] },
  { fault: "fill redis", everyMs: 60_000, forMs: [200, 1000] },
  { fault: "slow redis", everyMs: 60_000, forMs: [500, 2500] },
  { fault: "reset outer", everyMs: 12_000, forMs: [0, 0] },
  { fault: "reset redis", everyMs: 15_000, forMs: [0, 0] },
  { fault: "blackhole outer", everyMs: 40_000, forMs: [1000, 4000] },
  { fault: "blackhole redis", everyMs: 40_000, forMs: [1000, 4000] },
  { fault: "one-way outer", everyMs: 40_000, forMs: [1000, 4000] },
  { fault: "one-way redis", everyMs: 40_000, forMs: [1000, 4000] },
  { fault: "latency outer", everyMs: 20_000, forMs: [1000, 5000], amount: [10, 150] },
  { fault: "latency redis", everyMs: 25_000, forMs: [1000, 4000], amount: [2, 40] },
  { fault: "bandwidth outer", everyMs: 30_000, forMs: [1000, 4000], amount: [20_000, 100_000] },
  { fault: "bandwidth redis", everyMs: 40_000, forMs: [1000, 3000], amount: [100_000, 400_000] },
  { fault: "slice outer", everyMs: 25_000, forMs: [2000, 5000], amount: [16, 512] },
  { fault: "slice redis", everyMs: 30_000, forMs: [2000, 5000], amount: [64, 1024] },
];

/** How long the run has no faults at its start, in ms, so that every user can begin. */
const QUIET_MS = 2000;

/**
 * Returns the faults of a run of this length, sorted by time. Each kind of fault has a mean interval of its own, from
 * which the times differ at random: so the seed decides the times, but hardly the number of faults.
 */
export function plan(random: Random, lengthMs: number): Break[] {
  const breaks = EVERY.flatMap(({ fault, everyMs, forMs, amount = [0, 0] }) => {
    const draw = random.fork(fault);
    const count = Math.max(1, Math.floor((lengthMs - QUIET_MS) / everyMs));
    const step = (lengthMs - QUIET_MS) / count;
    return Array.from({ length: count }, (_, index): Break => ({
      atMs: Math.round(QUIET_MS + (index + draw.next() * 0.9) * step),
      fault,
      who: draw.between(0, 1_000_000),
      forMs: draw.between(...forMs),
      amount: draw.between(...amount),
    }));
  });
  return breaks.sort((a, b) => a.atMs - b.atMs);
}
