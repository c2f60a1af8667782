import { basename } from "node:path";
import { startCluster, startEngine, startSyncingRedis } from "../processes/cluster.ts";
import { profileArgs, readProfiles, type ProcessProfiles, type ProfiledWork } from "../profile/profile-run.ts";
import { makePrivateFolder, startPrivate } from "../processes/private-process.ts";
import type { Protocol } from "../talkers/talker.ts";
import type { CompareOptions } from "./compare-options.ts";
import { DIRECT, THIS } from "./ratios.ts";

/**
 * How the engine replies, over which protocol the load generator talks to docrelay, and further conditions of a row.
 */
export interface Shape {
  readonly protocol: Protocol;
  readonly reply: "single" | "stream";
  readonly pieces: number;
  readonly gapMs: number;
  /** By how many ms data between docrelay's processes and Redis is delayed, in each direction. */
  readonly redisDelayMs?: number;
  /** Set if docrelay needs a worker with the role `extract`. */
  readonly extract?: true;
}

/** The kinds of systems: the engine alone, docrelay, the bare relay, and PyPDF2. Each row measures some of them. */
export type Kind = "direct" | "docrelay" | "relay" | "reader";

/** One of the compared systems while it runs, with an engine of its own. */
export interface System extends AsyncDisposable {
  readonly kind: Kind;
  readonly urls: readonly string[];
  readonly protocol: Protocol;
  /** The pids of the system's Node processes by their role; the engine is not among them. */
  readonly processes: Readonly<Record<string, readonly number[]>>;
  /**
   * `costsOf` calls it with the measured work. If CPU profiles are written, the tables that are made of them show only
   * the time of this work. Absent for systems that are not docrelay.
   */
  readonly profile?: (work: ProfiledWork) => void;
  /** The address of the system's Redis. Absent if the system has no Redis; such a system issues no tokens either. */
  readonly redisUrl?: string;
}

/** A system to measure. It is started anew for each row and round, so that no other system idles beside it. */
export interface Contender {
  readonly name: string;
  readonly kind: Kind;
  start(shape: Shape): Promise<System>;
}

const RELAY = "bare relay";

/** Settings that lift the limits of a user, because the measurement is not about them. */
const UNLIMITED = { ASKS_PER_SECOND: "10000", MAX_ASKS_IN_FLIGHT: "1000" };
const SMALL = { edges: 1, workers: 1 } as const;

/**
 * Returns the systems to compare: the engine without a relay, this checkout, PyPDF2, and those that the options name.
 */
export function contenders(
  { relay, against, setting, aof, profile: folder }: CompareOptions,
  onProfiles: (profiles: ProcessProfiles) => void = () => undefined,
): Contender[] {
  const docrelay = (name: string, root?: string, more: Readonly<Record<string, string>> = {}): Contender => ({
    name,
    kind: "docrelay",
    async start(shape) {
      const { extract = false, ...others } = shape;
      const profiled = name === THIS ? folder : undefined;
      const nodeArgs = profiled === undefined ? [] : profileArgs(profiled);
      const env = { ...UNLIMITED, ...more };
      const cluster = await startCluster({
        ...SMALL,
        ...others,
        ...(extract ? {} : { extract }),
        env,
        aof,
        root,
        nodeArgs,
      });
      const pids = (of: typeof cluster.edges): number[] => of.map(({ pid }) => pid);
      const { urls, redisUrl } = cluster;
      const processes = { edge: pids(cluster.edges), worker: pids(cluster.workers) };
      let work: ProfiledWork | undefined;
      return {
        kind: "docrelay",
        urls,
        redisUrl,
        processes,
        protocol: shape.protocol,
        profile: (measured) => void (work = measured),
        async [Symbol.asyncDispose]() {
          await end(cluster);
          if (profiled !== undefined && work) onProfiles(await readProfiles(profiled, processes, work));
        },
      };
    },
  });
  return [
    { name: DIRECT, kind: "direct", start: startDirect },
    docrelay(THIS),
    { name: "PyPDF2", kind: "reader", start: startReader },
    ...(relay ? [{ name: RELAY, kind: "relay" as const, start: (shape: Shape) => startRelay(shape, aof) }] : []),
    ...(against === undefined ? [] : [docrelay(basename(against), against)]),
    ...(setting ? [docrelay(`with ${setting.name}`, undefined, { [setting.name]: setting.value })] : []),
  ];
}

function end(what: AsyncDisposable): PromiseLike<void> {
  return what[Symbol.asyncDispose]();
}

async function startDirect(shape: Shape): Promise<System> {
  await using ends = new AsyncDisposableStack();
  const { port } = ends.use(await startEngine(shape, ends.use(makePrivateFolder())));
  const all = ends.move();
  const urls = [`http://127.0.0.1:${port}`];
  return { kind: "direct", urls, protocol: "plain", processes: {}, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

async function startRelay(shape: Shape, aof: string | undefined): Promise<System> {
  await using ends = new AsyncDisposableStack();
  const folder = ends.use(makePrivateFolder());
  const { url: redisUrl } = await startSyncingRedis(ends, aof);
  const engine = ends.use(await startEngine(shape, folder));
  const args = ["--redis", redisUrl, "--engine", `ws://127.0.0.1:${engine.port}`];
  const relay = ends.use(await startPrivate({ entry: "tools/bench/src/processes/bare-relay.ts", args, folder }));
  const all = ends.move();
  const urls = [`http://127.0.0.1:${relay.port}`];
  const processes = { relay: [relay.pid] };
  return {
    kind: "relay",
    urls,
    redisUrl,
    processes,
    protocol: "socketio",
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** Starts nothing, because the process of PyPDF2 runs only during the measurement. */
async function startReader(): Promise<System> {
  return { kind: "reader", urls: [], protocol: "plain", processes: {}, [Symbol.asyncDispose]: async () => undefined };
}
