import { ASK, askUs, CONNECT_US, CONNECTION_BYTES, LOG_BYTES, REDIS_ASK_US } from "./costs.ts";
import { regionsOf, type Place } from "./place.ts";

/* Users are pinned to a region by their hash. Each region is a whole docrelay with a log of its own, and copies its logs
   to the others some time later. While a region is away its users are at their second region: they ask there, and read
   their earlier conversations there from the copies, which nobody changes. An ask that was running goes on when the
   region is back, or ends by its deadline. Pure: nothing but numbers and a seed. */

export interface Region extends Place {
  /** Cores of all its edges, workers and Redis servers together. */
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
  /** How often a user asks. */
  readonly secondsBetweenAsks: number;
  /** How long the engine answers. */
  readonly answerS: number;
  readonly deadlineS: number;
  /** How long a write takes to be in the copies of the other regions. */
  readonly copyLagS: number;
  /** Over how long the users of a lost region come to the second one. */
  readonly moveS: number;
  readonly lastsS: number;
  readonly outage?: Outage | undefined;
  readonly seed: number;
}

export interface RegionFigures {
  readonly name: string;
  readonly users: number;
  /** The greatest share of its cores, and of its busiest Redis, that a second needed; above 1 asks wait. */
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
  /** Asks that were still running at the end. */
  readonly running: number;
  /** Asks that ended by their deadline. */
  readonly expired: number;
  /** Of the asks that were running when their region was lost: those that are in no copy until it is back. */
  readonly notCopied: number;
  readonly regions: readonly RegionFigures[];
}

interface State {
  readonly region: Region;
  /** Users by the index of their second region. */
  readonly seconds: number[];
  /** Seconds of work that wait for CPU. */
  backlogS: number;
  /** Asks at the engine, by the second in which they end. */
  readonly atEngine: Map<number, number>;
  /** Asks that stopped with the region, by the second in which they were accepted. */
  readonly stopped: Map<number, number>;
  asked: number;
  peakCpu: number;
  peakRedis: number;
  peakConnections: number;
  longestWaitS: number;
}

/** The users are placed one by one up to this number; more users are in the same proportions. */
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

/** One second of a region: its work, and when its asks will have been answered. */
function serve(
  state: State,
  of: { second: number; asks: number; connects: number; connections: number },
  { answerS }: Scenario,
): void {
  const { cores, redisMasters } = state.region;
  // The shared part of an ask is paid once a second by each trio of processes; there is one for each Redis.
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

/** A region is away: what it runs stands still, and ends by its deadline. */
function stop(state: State, second: number, { answerS, copyLagS }: Scenario, totals: Totals): void {
  for (const [end, asks] of state.atEngine) {
    const accepted = Math.min(second, end - Math.ceil(answerS));
    if (second - accepted < copyLagS) totals.notCopied += asks;
    state.stopped.set(accepted, (state.stopped.get(accepted) ?? 0) + asks);
  }
  state.atEngine.clear();
  state.backlogS = 0;
}

/** A region is back: its sweeper ends what is past its deadline, and its workers run the rest again. */
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

/** The share of the lost region's users who have come to their second region. */
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

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** How many of independent users ask in a second: for many of them the normal distribution is near enough. */
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
