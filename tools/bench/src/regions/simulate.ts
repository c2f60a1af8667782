import { ASK, askUs, CONNECT_US, CONNECTION_BYTES, LOG_BYTES, REDIS_ASK_US } from "./costs.ts";
import { regionsOf, type Place } from "./place.ts";

/*
 * A simulation of several regions. Each user belongs to a region by a hash of the user. Each region is a whole docrelay
 * with reply logs of its own, and copies these logs to the other regions a little later. While a region is away, its
 * users are at their second region: there they ask, and read their earlier conversations from the copies, which stay
 * unchanged. An ask that was running goes on when its region is back, or ends by its deadline. The simulation is pure:
 * it uses only numbers and a seed.
 */

export interface Region extends Place {
  /** The cores of all edges, workers and Redis servers of the region together. */
  readonly cores: number;
  readonly redisMasters: number;
}

export interface Outage {
  readonly region: string;
  readonly fromS: number;
  readonly toS: number;
}

export interface Scenario {
  readonly regions: readonly Region[];
  readonly users: number;
  /** The mean time between two asks of a user, in seconds. */
  readonly secondsBetweenAsks: number;
  /** How long the engine takes for an answer, in seconds. */
  readonly answerS: number;
  readonly deadlineS: number;
  /** How long it takes until a write is in the copies of the other regions, in seconds. */
  readonly copyLagS: number;
  /** The time over which the users of a lost region come to their second region, in seconds. */
  readonly moveS: number;
  readonly lastsS: number;
  readonly outage?: Outage | undefined;
  readonly seed: number;
}

export interface RegionFigures {
  readonly name: string;
  readonly users: number;
  /**
   * The largest share of the region's cores that was needed in one second; above 1, asks wait. `peakRedis` is the same
   * for the region's Redis servers.
   */
  readonly peakCpu: number;
  readonly peakRedis: number;
  readonly peakConnections: number;
  readonly connectionBytes: number;
  readonly logBytes: number;
  /** The longest time for which an accepted ask waited for CPU. */
  readonly longestWaitS: number;
}

export interface Figures {
  readonly asked: number;
  readonly answered: number;
  /** Asks that were still running at the end of the simulation. */
  readonly running: number;
  /** Asks that ended without an answer, because their deadline was over when their region came back. */
  readonly expired: number;
  /** Asks that were running when their region was lost, and that are in no copy until the region is back. */
  readonly notCopied: number;
  readonly regions: readonly RegionFigures[];
}

interface State {
  readonly region: Region;
  /** How many users of the region have each region as their second one, by the index of that second region. */
  readonly seconds: number[];
  /** How many seconds the region needs for the work that it has not done yet. */
  backlogS: number;
  /** How many asks the engine answers, by the second in which their answers end. */
  readonly atEngine: Map<number, number>;
  /** How many asks were running when the region was lost, by the second in which they were accepted. */
  readonly stopped: Map<number, number>;
  asked: number;
  peakCpu: number;
  peakRedis: number;
  peakConnections: number;
  longestWaitS: number;
}

/** Up to this number, users are assigned to regions one by one; more users are assigned in the same proportions. */
const MAX_PLACED = 20_000;

export function simulate(scenario: Scenario): Figures {
  const { regions, users, lastsS, outage } = scenario;
  const random = seeded(scenario.seed);
  const states = place(regions, users);
  const totals = { asked: 0, answered: 0, expired: 0, notCopied: 0 };
  for (let second = 0; second < lastsS; second++) {
    const isAway = (state: State): boolean =>
      outage?.region === state.region.name && second >= outage.fromS && second < outage.toS;
    for (const state of states) {
      if (isAway(state)) stop(state, second, scenario, totals);
      else resume(state, second, scenario, totals);
    }
    for (const [index, state] of states.entries()) {
      if (isAway(state)) continue;
      const own = sum(state.seconds);
      const moved = states.reduce(
        (all, other) => all + (isAway(other) ? (other.seconds[index] ?? 0) * movedBy(second, scenario) : 0),
        0,
      );
      const connects = states.reduce(
        (all, other) =>
          all +
          (isAway(other)
            ? (other.seconds[index] ?? 0) * (movedBy(second, scenario) - movedBy(second - 1, scenario))
            : 0),
        0,
      );
      const asks = poisson((own + moved) / scenario.secondsBetweenAsks, random);
      totals.asked += asks;
      serve(state, { second, asks, connects, connections: own + moved }, scenario);
    }
    for (const state of states) {
      totals.answered += state.atEngine.get(second) ?? 0;
      state.atEngine.delete(second);
    }
  }
  const running = states.reduce((all, state) => all + sum(state.atEngine.values()) + sum(state.stopped.values()), 0);
  return { ...totals, running, regions: states.map(figuresOf) };
}

function place(regions: readonly Region[], users: number): State[] {
  const states = regions.map((region): State => {
    const seconds = regions.map(() => 0);
    const peaks = { peakCpu: 0, peakRedis: 0, peakConnections: 0, longestWaitS: 0 };
    return { region, seconds, backlogS: 0, atEngine: new Map(), stopped: new Map(), asked: 0, ...peaks };
  });
  const placed = Math.min(users, MAX_PLACED);
  for (let user = 0; user < placed; user++) {
    const [first, second] = regionsOf(`user ${user}`, regions).map((region) => regions.indexOf(region));
    const seconds = states[first ?? 0]?.seconds;
    if (seconds) seconds[second ?? first ?? 0] = (seconds[second ?? first ?? 0] ?? 0) + users / placed;
  }
  return states;
}

/** Simulates one second of a region: computes the region's work, and when its asks will have been answered. */
function serve(
  state: State,
  of: { second: number; asks: number; connects: number; connections: number },
  { answerS }: Scenario,
): void {
  const { cores, redisMasters } = state.region;
  // Each trio of an edge, a worker and a Redis pays the shared part of the cost once a second, and there is one trio
  // for each Redis.
  const rate = Math.max(1, of.asks / redisMasters);
  const workS = (of.asks * askUs(rate, ASK) + of.connects * CONNECT_US) / 1_000_000;
  const cpu = workS / cores;
  const redis = (of.asks * REDIS_ASK_US) / 1_000_000 / redisMasters;
  const slowest = Math.max(cpu, redis);
  state.backlogS = Math.max(0, state.backlogS + slowest - 1);
  state.longestWaitS = Math.max(state.longestWaitS, state.backlogS);
  state.peakCpu = Math.max(state.peakCpu, cpu);
  state.peakRedis = Math.max(state.peakRedis, redis);
  state.peakConnections = Math.max(state.peakConnections, of.connections);
  state.asked += of.asks;
  const end = of.second + Math.ceil(answerS + state.backlogS);
  state.atEngine.set(end, (state.atEngine.get(end) ?? 0) + of.asks);
}

type Totals = Record<"asked" | "answered" | "expired" | "notCopied", number>;

/** Simulates one second of a region that is away: the asks that the region was running stand still. */
function stop(state: State, second: number, { answerS, copyLagS }: Scenario, totals: Totals): void {
  for (const [end, asks] of state.atEngine) {
    const accepted = Math.min(second, end - Math.ceil(answerS));
    if (second - accepted < copyLagS) totals.notCopied += asks;
    state.stopped.set(accepted, (state.stopped.get(accepted) ?? 0) + asks);
  }
  state.atEngine.clear();
  state.backlogS = 0;
}

/**
 * Simulates a region that has come back: its sweeper ends the asks whose deadline is over, and its workers run the
 * other asks again.
 */
function resume(state: State, second: number, { answerS, deadlineS }: Scenario, totals: Totals): void {
  for (const [accepted, asks] of state.stopped) {
    if (second - accepted >= deadlineS) totals.expired += asks;
    else {
      const end = second + Math.ceil(answerS);
      state.atEngine.set(end, (state.atEngine.get(end) ?? 0) + asks);
    }
  }
  state.stopped.clear();
}

/** Returns the share of the lost region's users who have come to their second region. */
function movedBy(second: number, { outage, moveS }: Scenario): number {
  if (!outage) return 0;
  return Math.min(1, Math.max(0, (second + 1 - outage.fromS) / moveS));
}

function figuresOf(state: State): RegionFigures {
  const { region, seconds, asked, peakCpu, peakRedis, peakConnections, longestWaitS } = state;
  return {
    name: region.name,
    users: Math.round(sum(seconds)),
    peakCpu,
    peakRedis,
    peakConnections: Math.round(peakConnections),
    connectionBytes: peakConnections * CONNECTION_BYTES,
    logBytes: asked * LOG_BYTES,
    longestWaitS,
  };
}

function sum(values: Iterable<number>): number {
  let all = 0;
  for (const value of values) all += value;
  return all;
}

/**
 * Returns a function that generates numbers from 0 up to, not including, 1, by the algorithm Mulberry32. The same seed
 * gives the same numbers.
 */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * Returns at random how many users ask in a second if `mean` of them do on average and independently of each other. For
 * a large `mean` the normal distribution is near enough.
 */
function poisson(mean: number, random: () => number): number {
  if (mean > 50) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(0, Math.round(mean + normal * Math.sqrt(mean)));
  }
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count++;
  return count;
}
