import type { Cluster, Redis } from "ioredis";
import { AFTER_ONLY, EXTRACT, FIRST_ASIDE } from "./catalogue.ts";
import type { ExtraPlace } from "./extra-place.ts";
import type { Run, Runs } from "./runs.ts";

export interface MakeRoomDeps {
  readonly connection: Redis | Cluster;
  readonly prefixes: readonly string[];
  readonly concurrency: number;
  readonly runs: Pick<Runs, "left">;
  readonly extra: Pick<ExtraPlace, "open" | "shut">;
  /** The extra place stays closed while a running job is younger than this many ms. */
  readonly briefMs: number;
  readonly isStopped: () => boolean;
  onError(error: Error): void;
}

/** How often, in ms, the process checks whether room is needed. A check asks Redis only while all places are taken. */
const LOOK_MS = 10;

/**
 * Keeps slow files from delaying others. While all places are taken, opens the extra place, or aborts a job, whose
 * handler then returns it to the end of the queue.
 */
export function startMakingRoom(deps: MakeRoomDeps): Disposable {
  let looking: Promise<void> | undefined;
  let isShut = true;
  const timer = setInterval(() => {
    if (isShut && !isFull(deps)) return; // an idle process does nothing
    looking ??= makeRoom(deps)
      .then(() => void (isShut = !isFull(deps)), deps.onError)
      .finally(() => (looking = undefined));
  }, LOOK_MS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function isFull({ runs, concurrency }: MakeRoomDeps): boolean {
  return runs.left().filter(({ isExtra }) => !isExtra).length >= concurrency;
}

async function makeRoom(deps: MakeRoomDeps): Promise<void> {
  const { runs, extra, concurrency, briefMs } = deps;
  const now = performance.now();
  const left = runs.left();
  if (deps.isStopped() || !isFull(deps)) return extra.shut();
  const areBrief = left.some((run) => now - run.begunAt < briefMs);
  if (left.length === concurrency && !areBrief && (await extra.open())) return;
  await extra.shut();
  if (!left.some((run) => now - run.begunAt < run.longMs)) await putShortestAside(deps, left);
}

/**
 * Called when all running jobs have run for long. If other jobs wait, aborts one running job: of the jobs whose user
 * and network have several jobs, the one that began last. If each running job is the only one of its user and network,
 * the newest of them is aborted, but only if a job waits that is also the only one of its user and network.
 */
async function putShortestAside({ connection, prefixes }: MakeRoomDeps, left: readonly Run[]): Promise<void> {
  const many = left.filter((run) => !run.isOnly);
  const below = many.length > 0 ? FIRST_ASIDE : AFTER_ONLY;
  const waiting = await Promise.all(
    prefixes.map((one) => connection.zcount(`${one}:${EXTRACT.queue}:prioritized`, 0, `(${below}`)),
  );
  if (waiting.every((count) => count === 0)) return;
  const [shortest] = (many.length > 0 ? many : left).toSorted((a, b) => b.begunAt - a.begunAt);
  shortest?.controller.abort();
}
