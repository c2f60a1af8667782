import { eventually } from "@docrelay/testkit";
import { check, type Verdict } from "./check/checker.ts";
import { startCluster, type Cluster } from "./cluster/cluster.ts";
import { startChaosEngine, type ChaosEngine } from "./cluster/engine.ts";
import { createHistory, type Entry, type EntryOf, type History } from "./history.ts";
import { PRELOADED } from "./preload/preloaded.ts";
import { createRandom } from "./random.ts";
import { ATTEMPTS, record, session, settle, watchFences } from "./run.ts";
import { createUser, type User } from "./readers/user.ts";

/** A small cluster for one scripted scenario. */
export interface Stage {
  readonly cluster: Cluster;
  readonly engine: ChaosEngine;
  readonly history: History;
  /** Adds a user with a conversation. */
  user(of?: StageUser): Promise<User>;
  /** Sends a command to Redis directly, without a proxy. */
  redis(command: string, ...args: string[]): Promise<unknown>;
  /** Waits until the history has a matching entry, and returns the first one. */
  seen<K extends Entry["kind"]>(
    kind: K,
    fits?: (entry: EntryOf<K>) => boolean,
    timeoutMs?: number,
  ): Promise<EntryOf<K>>;
}

export interface StageUser {
  readonly name?: string;
  readonly tabs?: number;
  readonly careless?: boolean;
  /** If set, the user uploads each PDF before its ask, and waits for this function after each stored chunk. */
  onStored?(offset: number): unknown;
  /** The indexes of the edges to which the user connects, one after another. Edges that are down are skipped. */
  readonly edges?: readonly number[];
}

export interface StageOptions {
  readonly edges?: number;
  readonly workers?: number;
  /** The name of a broken variant, used in every process. */
  readonly variant?: string;
  readonly env?: Record<string, string>;
  /** Environment variables for the first process of some members, by the member's name. */
  readonly members?: Readonly<Record<string, Record<string, string>>>;
  readonly redisArgs?: readonly string[];
  readonly hasFolder?: boolean;
  /** How many ms asks may take to end after the scenario. */
  readonly patienceMs?: number;
  /** For how many ms after the scenario keys may exist that should be removed (`recordLeftovers`). */
  readonly leftoversMs?: number;
}

const DEADLINE_MS = 60_000;

/** Runs a scenario on a new cluster, waits until every ask has ended, and checks the history as for any other run. */
export async function playStage(options: StageOptions, play: (stage: Stage) => Promise<void>): Promise<Verdict> {
  const history = createHistory();
  history.add({ kind: "meta", seed: 0, attempts: ATTEMPTS, deadlineMs: DEADLINE_MS, faults: "scripted" });
  await using engine = await startChaosEngine(0, history);
  engine.calm();
  const { edges = 2, workers = 2, variant, redisArgs = [], hasFolder = false } = options;
  const env = {
    ASK_DEADLINE_MS: String(DEADLINE_MS),
    ENGINE_ATTEMPTS: String(ATTEMPTS),
    WORKER_GRACE_MS: "500",
    ...PRELOADED,
    ...(variant === undefined ? {} : { CHAOS_VARIANT: variant }),
    ...options.env,
  };
  const { members = {} } = options;
  await using cluster = await startCluster({ edges, workers, history, engine, env, members, redisArgs, hasFolder });
  watchFences(cluster, history);
  if (variant !== undefined) {
    const isChanged = cluster.members.some(({ process }) => process?.lines.some((line) => line.startsWith("variant ")));
    if (!isChanged) throw new Error(`the variant ${variant} has changed nothing`);
  }
  const users: User[] = [];
  const stage: Stage = {
    cluster,
    engine,
    history,
    user: (given) => joinStage({ cluster, engine, history }, users, given),
    redis: cluster.command,
    seen: (kind, fits = () => true, timeoutMs = 15_000) =>
      eventually(
        () =>
          history.entries.find(
            (entry): entry is EntryOf<typeof kind> => entry.kind === kind && fits(entry as EntryOf<typeof kind>),
          ),
        { timeoutMs, what: kind },
      ),
  };
  try {
    await play(stage);
    await settle(cluster, users, [], options.patienceMs);
    await record(cluster, users, history, options.leftoversMs);
  } finally {
    for (const user of users) user.close();
  }
  return check(history.entries);
}

/** Adds a user whose tabs are connected. */
async function joinStage(
  { cluster, engine, history }: Pick<Stage, "cluster" | "engine" | "history">,
  users: User[],
  { tabs = 1, careless = false, edges: places = [0], name = `u${users.length + 1}`, onStored }: StageUser = {},
): Promise<User> {
  let next = 0;
  const user = createUser({
    name,
    token: await session(cluster, places[0]),
    conversation: "talk",
    history,
    random: createRandom(users.length),
    markers: engine.markers,
    tabs,
    careless,
    ...(onStored ? { onStored, uploadShare: 1 } : {}),
    url() {
      const up = places.filter((place) => cluster.edges[place]?.up);
      const among = up.length > 0 ? up : places;
      return `http://127.0.0.1:${cluster.edges[among[next++ % among.length] ?? 0]?.outerHop.port}`;
    },
  });
  users.push(user);
  await Promise.all(user.tabs.map((tab) => tab.whenOnline()));
  return user;
}
