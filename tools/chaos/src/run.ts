import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "@docrelay/testkit";
import type { Event, Opened } from "@docrelay/protocol";
import { createBreaker } from "./break/breaker.ts";
import { dieEverywhere } from "./break/failpoints.ts";
import { PRELOADED } from "./preload/preloaded.ts";
import { startCluster, type Cluster } from "./cluster/cluster.ts";
import { startChaosEngine } from "./cluster/engine.ts";
import type { History } from "./history.ts";
import { recordLeftovers } from "./cluster/leftovers.ts";
import { plan } from "./break/plan.ts";
import { createRandom, type Random } from "./random.ts";
import { openTab } from "./readers/tab.ts";
import { createUser, type User } from "./readers/user.ts";

export interface RunOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly edges: number;
  readonly workers: number;
  readonly users: number;
  /** Whether processes die at every failpoint, however long that takes, instead of at random times. */
  readonly failpoints: boolean;
  readonly history: History;
}

export const ATTEMPTS = 3;
export const DEADLINE_MS = 60_000;
const ENV = {
  ASK_DEADLINE_MS: String(DEADLINE_MS),
  ENGINE_ATTEMPTS: String(ATTEMPTS),
  ENGINE_FIRST_REPLY_TIMEOUT_MS: "3000",
  ENGINE_IDLE_TIMEOUT_MS: "3000",
  ASKS_PER_SECOND: "20",
  WORKER_GRACE_MS: "500",
};
/**
 * Shares of PDFs, uploads, cancellations and reconnects with which users make processes cross every failpoint often, on
 * every edge. With these shares a few users are enough, which leaves CPU time for restarts.
 */
const BUSY_WAYS = { pdfShare: 0.4, uploadShare: 0.6, cancelShare: 0.3, moveShare: 0.5 };
const MEASURE_EVERY_MS = 2000;
/**
 * After this many ms, new users with new conversations take over, and the earlier users only stay connected: a
 * conversation keeps only its last 5,000 events, and the checker needs all of them.
 */
const SHIFT_MS = 240_000;
const QUIET_MS = DEADLINE_MS + 15_000;

/** Runs users against a cluster with faults, waits until every ask has ended, and reads all conversations again. */
export async function run(options: RunOptions): Promise<void> {
  const { seed, history } = options;
  const random = createRandom(seed);
  history.add({
    kind: "meta",
    seed,
    attempts: ATTEMPTS,
    deadlineMs: DEADLINE_MS,
    faults: options.failpoints ? "failpoints" : "random",
  });
  await using engine = await startChaosEngine(seed, history);
  const spoiled = options.failpoints ? {} : { ...PRELOADED, CHAOS_BELLS: "0.05" };
  const hasFolder = !options.failpoints && random.fork("store").chance(0.5);
  await using cluster = await startCluster({ ...options, engine, env: { ...ENV, ...spoiled }, hasFolder });
  watchFences(cluster, history);
  const users: User[] = [];
  const lives: Array<Promise<void>> = [];
  const end = new AbortController();
  const shifts = async (): Promise<void> => {
    for (let shift = 1; !end.signal.aborted; shift++) {
      const over = AbortSignal.any([end.signal, AbortSignal.timeout(SHIFT_MS)]);
      const these = await openUsers(cluster, options, { shift, random, markers: engine.markers });
      users.push(...these);
      lives.push(...these.map((user) => user.live(over)));
      if (!over.aborted) await once(over, "abort");
    }
  };
  const measuring = setInterval(() => void cluster.measure(), MEASURE_EVERY_MS);
  try {
    const working = shifts();
    working.catch(() => undefined); // the rejection is handled where it is awaited
    if (options.failpoints) await atFailpoints(cluster, history);
    else await atRandom(cluster, options, random.fork("plan"));
    end.abort();
    await working;
    engine.calm();
    await settle(cluster, users, lives);
    await record(cluster, users, history);
  } finally {
    clearInterval(measuring);
    for (const user of users) user.close();
  }
}

/** Causes the planned faults until the end of the run, and waits until all members are running again. */
async function atRandom(cluster: Cluster, { seconds, history }: RunOptions, random: Random): Promise<void> {
  const breaker = createBreaker(cluster, history);
  const begun = performance.now();
  for (const one of plan(random, seconds * 1000)) {
    await sleep(Math.max(0, begun + one.atMs - performance.now()));
    breaker.do(one).catch((error: unknown) => {
      history.add({ kind: "died", process: "the breaker", how: String(error), lines: [] });
    });
  }
  await sleep(Math.max(0, begun + seconds * 1000 - performance.now()));
  await breaker.settled();
}

async function atFailpoints(cluster: Cluster, history: History): Promise<void> {
  for (const { role, point, nth } of await dieEverywhere(cluster, history, PRELOADED)) {
    history.add({ kind: "missed", point: `${role} ${point}@${nth}` });
  }
}

/**
 * Ends all faults of connections, and waits until every acknowledged ask has ended and every tab has caught up, or the
 * time (`patienceMs`, then ten seconds for the tabs) is up.
 */
export async function settle(
  cluster: Cluster,
  users: readonly User[],
  lives: ReadonlyArray<Promise<void>>,
  patienceMs = QUIET_MS,
): Promise<void> {
  for (const { redisHop, outerHop } of cluster.members) {
    redisHop.heal();
    outerHop.heal();
  }
  const rest = eventually(() => users.every((user) => user.unfinished === 0 && user.tabs.every((tab) => tab.online)), {
    timeoutMs: patienceMs,
    everyMs: 100,
  });
  // Asks that have not ended after `patienceMs` are reported by the checker.
  await Promise.race([Promise.all([...lives, rest]), sleep(patienceMs)]).catch(() => undefined);
  await eventually(() => users.every(({ tabs }) => tabs.every((tab) => tab.online && tab.seq === tabs[0]?.seq)), {
    timeoutMs: 10_000,
    everyMs: 100,
  }).catch(() => undefined);
}

/**
 * Records the position of every tab, each log as a new client reads it from the beginning, and the keys left in Redis.
 */
export async function record(
  cluster: Cluster,
  users: readonly User[],
  history: History,
  patienceMs?: number,
): Promise<void> {
  for (const { name, conversation, token, tabs } of users) {
    const url = `http://127.0.0.1:${cluster.edges.find(({ up }) => up)?.outerHop.port}`;
    const { events, first } = await replay({ url, token, user: name, conversation, history });
    history.add({ kind: "replayed", user: name, conversation, events, first });
    for (const tab of tabs) {
      // The last events may still be on their way to the tab. If they have not arrived after 6 s, the checker reports
      // them as missing.
      await eventually(() => tab.online && tab.seq >= (events.at(-1)?.seq ?? 0), { timeoutMs: 6000 }).catch(
        () => undefined,
      );
      history.add({ kind: "stood", user: name, tab: tab.name, conversation, seq: tab.seq, online: tab.online });
    }
  }
  await recordLeftovers(cluster.redis.url, history, patienceMs);
}

/** Reads the whole log of a conversation with a new client. */
async function replay(of: {
  url: string;
  token: string;
  user: string;
  conversation: string;
  history: History;
}): Promise<{ events: Event[]; first: number }> {
  const { user, conversation, token } = of;
  const history = { ...of.history, add: () => undefined };
  const tab = openTab({ user, name: "replay", conversation, token, history, url: () => of.url, random: Math.random });
  try {
    await tab.whenOnline();
    const events: Event[] = [];
    let first = 1;
    for (;;) {
      const last = events.at(-1);
      const after = last ? { after: { seq: last.seq, nonce: last.nonce } } : {};
      const page = await eventually(async () => {
        const answer = await tab.send<Opened>("conversation:open", { conversation, ...after });
        return answer?.ok ? answer : undefined;
      });
      if (events.length === 0) first = page.first;
      events.push(...page.events);
      if (!page.more) return { events, first };
    }
  } finally {
    tab.close();
  }
}

/**
 * Opens the users. Half of them give their conversations the same name, which must not mix them: names belong to a
 * user.
 */
async function openUsers(
  cluster: Cluster,
  { users, history, failpoints }: RunOptions,
  { shift, random, markers }: { shift: number; random: Random; markers: Set<string> },
): Promise<User[]> {
  return Promise.all(
    Array.from({ length: users }, async (_, index) => {
      const name = shift === 1 ? `u${index + 1}` : `u${index + 1}s${shift}`;
      const draw = random.fork(name);
      const conversation = index % 2 === 0 ? "talk" : `talk-${index}`;
      let edge = index;
      const token = await eventually(() => session(cluster, edge++).catch(() => undefined), { timeoutMs: 30_000 });
      const url = (): string => `http://127.0.0.1:${draw.pick(cluster.edges).outerHop.port}`;
      return createUser({
        name,
        token,
        conversation,
        history,
        random: draw,
        markers,
        url,
        ...(failpoints ? BUSY_WAYS : {}),
      });
    }),
  );
}

export async function session(cluster: Cluster, index = 0): Promise<string> {
  const edge = cluster.edges[index % cluster.edges.length];
  const answer = await fetch(`http://127.0.0.1:${edge?.outerHop.port}/v1/session`, { method: "POST" });
  return ((await answer.json()) as { token: string }).token;
}

/** Finds in the workers' log lines each late write that was refused, and records it. */
export function watchFences(cluster: Cluster, history: History): void {
  for (const member of cluster.workers) {
    member.onLine = (line) => {
      if (!line.includes('"msg":"attempt fenced"')) return;
      const { askId } = JSON.parse(line) as { askId: string };
      history.add({ kind: "fenced", process: member.name, ask: askId });
    };
  }
}
