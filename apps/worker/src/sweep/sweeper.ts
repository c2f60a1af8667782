import {
  arrived,
  dueAsks,
  finish,
  checkAsk,
  countUnfinished,
  newNonce,
  queueExtraction,
  runningAsks,
  stopWaiting,
  sweepBytes,
  textState,
  workerOf,
  type AskAddress,
  type Bell,
  type BlobStore,
  type CheckedAsk,
  type Store,
  type TakenAsk,
} from "@docrelay/channel";
import type { Producer } from "@docrelay/jobs";
import { wireError, type ErrorCode, type EventBody, type Terminal } from "@docrelay/protocol";
import type { Membership } from "../bell/membership.ts";
import { originOf } from "../report/failure.ts";
import type { AskReport } from "../report/ask-report.ts";
import { createLogRewriter } from "./rewrite-log.ts";
import { sweepRule, type Found } from "./sweep-rule.ts";

export interface SweepDeps {
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly producer: Producer;
  readonly bell: Bell;
  readonly membership: Pick<Membership, "isGone">;
  readonly report: Pick<AskReport, "ended" | "error">;
}

/**
 * Runs in each ask worker, but acts only in the leader: rings again for lost bells, adds lost jobs, and ends expired
 * and cancelled asks.
 */
export interface Sweeper extends AsyncDisposable {
  /** How many due asks the last pass of this process handled. */
  readonly due: number;
}

/** The time between two passes. A new ask is due after 600 ms, so a lost bell is found within a second. */
const EVERY_MS = 350;
/** How many due asks of one shard a pass handles; the next passes handle the others. */
const MAX_DUE = 64;
const LOOKS_AT_ONCE = 16;
const BYTES_EVERY_MS = 30_000;

interface SweeperDeps extends SweepDeps {
  readonly membership: Pick<Membership, "isGone" | "isLeader" | "on" | "tell">;
}

/**
 * Starts the sweeper. It uses a timer and no job of a queue, so that it works while the queue is stuck. Only the
 * leader's sweeper acts; if for a moment two act, they do no harm, because every step is idempotent. When a worker is
 * gone, or when this worker has become the leader, the sweeper rings for the asks that no live worker runs.
 */
export function startSweeper(deps: SweeperDeps, everyMs = EVERY_MS): Sweeper {
  const { membership } = deps;
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let passing: Promise<void> | undefined;
  const bytes = createByteSweep(deps);
  const state: State = { due: 0, orphans: true, bytes, rewriteLog: createLogRewriter(deps.store.redis) };

  function start(): void {
    clearTimeout(timer);
    passing ??= pass(deps, state, stopping.signal).then(() => {
      passing = undefined;
      if (!stopping.signal.aborted) timer = setTimeout(start, everyMs);
    });
  }
  timer = setTimeout(start, everyMs);
  membership.on({
    gone() {
      state.orphans = true;
      if (!stopping.signal.aborted) start();
    },
  });

  return {
    get due() {
      return state.due;
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      clearTimeout(timer);
      await passing;
      await bytes.done();
    },
  };
}

interface State {
  /** How many due asks the last pass handled. */
  due: number;
  /** Whether there may be asks that no live worker runs. */
  orphans: boolean;
  readonly bytes: ByteSweep;
  readonly rewriteLog: () => Promise<void>;
}

/**
 * Does one pass of the leader: rings for asks that no live worker runs, handles due asks, has Redis rewrite its
 * append-only file, and removes expired bytes.
 */
async function pass(deps: SweeperDeps, state: State, signal: AbortSignal): Promise<void> {
  try {
    if (!deps.membership.isLeader) {
      state.orphans = true;
      return;
    }
    const { sum, shards, isWhole } = await countUnfinished(deps.store);
    deps.membership.tell(sum);
    if (state.orphans) {
      state.orphans = false;
      try {
        state.orphans = !(await ringForOrphans(deps, shards, signal)) || !isWhole;
      } catch (error) {
        state.orphans = true; // so the next pass calls `ringForOrphans` again
        throw error;
      }
    }
    state.due = await sweep(deps, signal, shards);
    await state.rewriteLog();
    state.bytes.begin();
  } catch (error) {
    deps.report.error("sweep", error);
  }
}
interface ByteSweep {
  begin(): void;
  done(): Promise<void>;
}

/** Removes expired bytes. This takes long, so it runs beside the sweeper's passes, and no ask waits for it. */
function createByteSweep({ store, blobs, report }: SweepDeps): ByteSweep {
  let nextAt = 0;
  let sweeping: Promise<void> | undefined;
  return {
    begin() {
      if (sweeping || performance.now() < nextAt) return;
      nextAt = performance.now() + BYTES_EVERY_MS;
      sweeping = sweepBytes(store, blobs)
        .catch((error: unknown) => report.error("sweep", error))
        .then(() => void (sweeping = undefined));
    },
    done: async () => sweeping,
  };
}

/**
 * Rings for each ask whose worker is gone. Returns false if no worker was there to hear a bell: then the caller must
 * try again later.
 */
export async function ringForOrphans(
  deps: SweepDeps,
  shards?: readonly string[],
  signal?: AbortSignal,
): Promise<boolean> {
  const gone = new Map<string, Promise<boolean>>();
  for await (const running of runningAsks(deps.store, shards)) {
    for (const { address, owner } of running) {
      if (signal?.aborted) return true;
      const worker = workerOf(owner);
      if (worker === undefined || !(await once(gone, worker, () => deps.membership.isGone(worker)))) continue;
      if (!(await deps.bell.ring({ conversation: address, voided: owner }))) return false;
    }
  }
  return true;
}

/** Handles asks that are due for a check, at most `MAX_DUE` of each shard; returns their number. */
export async function sweep(deps: SweepDeps, signal?: AbortSignal, shards?: readonly string[]): Promise<number> {
  const asks = await dueAsks(deps.store, MAX_DUE, shards);
  const rest = asks.values();
  // Many asks may wait for the same file: `texts` and `extracts` remember, for this pass, what was read and added.
  const pass: Pass = { ...deps, texts: new Map(), extracts: new Map() };
  const lane = async (): Promise<void> => {
    for (const ask of rest) {
      if (signal?.aborted) return;
      await sweepOne(pass, ask).catch((error: unknown) => {
        // An error of the store ends the pass. Any other error, such as a record that cannot be parsed, is only logged,
        // so that the pass goes on with the other asks.
        if (originOf(error).kind === "store") throw error;
        deps.report.error("sweep", error);
      });
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: LOOKS_AT_ONCE }, lane));
  for (const one of lanes) if (one.status === "rejected") throw one.reason;
  return asks.length;
}

interface Pass extends SweepDeps {
  readonly texts: Map<string, Promise<{ text: Found["texts"][number]; bytes: boolean | undefined }>>;
  readonly extracts: Map<string, Promise<void>>;
}

async function sweepOne(pass: Pass, address: AskAddress): Promise<void> {
  const looked = await checkAsk(pass.store, address);
  if (looked.kind === "gone") return;
  const { ask, expired } = looked;
  const files = ask.state === "parked" ? await Promise.all(ask.body.files.map((file) => fileState(pass, file))) : [];
  const found = {
    ask,
    state: ask.state,
    expired,
    texts: files.map(({ text }) => text),
    bytes: files.map(({ bytes }) => bytes),
  };
  const action = sweepRule(found);
  switch (action.do) {
    case "wake":
      return ringFor(pass, ask);
    case "extract":
      return queueExtractions(pass, ask, action.files);
    case "expire":
      return endAsk(pass, ask, failed(ask, "ASK_EXPIRED"));
    case "lose":
      return endAsk(pass, ask, failed(ask, "NOT_FOUND", action.file));
    case "cancel":
      return endAsk(pass, ask, {
        type: "cancelled",
        text: ask.attempt === 0 ? "" : (await arrived(pass.store, ask, ask.attempt)).text,
      });
  }
}

/**
 * Rings for an ask. If its record names a live worker that runs it, only that worker gets the bell: it may have
 * forgotten the ask.
 */
async function ringFor({ bell, membership }: Pass, ask: CheckedAsk): Promise<void> {
  const { address, state, owner } = ask;
  if (state !== "running") return void (await bell.ring({ conversation: address }));
  const worker = workerOf(owner);
  const isGone = worker === undefined || (await membership.isGone(worker));
  await bell.ring({ conversation: address, ...(isGone ? { voided: owner } : {}) }, isGone ? {} : { to: worker });
}

/**
 * Returns what is stored of a file. Bytes are released when their text has been stored. So if the bytes are missing,
 * the text may have been stored since it was looked for, and is looked for a second time.
 */
function fileState(
  pass: Pass,
  { text, ref }: { text: string; ref: string },
): Promise<{ text: Found["texts"][number]; bytes: boolean | undefined }> {
  const textOf = async (): Promise<Found["texts"][number]> => (await textState(pass.store, [text]))[0] ?? "missing";
  const find = async (): Promise<{ text: Found["texts"][number]; bytes: boolean | undefined }> => {
    const state = await textOf();
    if (state !== "missing") return { text: state, bytes: undefined };
    if (await pass.blobs.exists(ref)) return { text: state, bytes: true };
    return { text: await textOf(), bytes: false };
  };
  return once(pass.texts, `${text} ${ref}`, find);
}

async function queueExtractions(pass: Pass, ask: TakenAsk, files: readonly number[]): Promise<void> {
  const { shard, u } = ask.address;
  const { network, charged } = ask.body.extraction ?? {};
  for (const index of files) {
    const file = ask.body.files[index];
    if (!file) continue;
    await once(pass.extracts, file.text, async () => {
      const [waiting, ofNetwork] = await Promise.all([
        queueExtraction(pass.store, { shard, u }, file.text),
        network ? queueExtraction(pass.store, network, file.text) : 0,
      ]);
      const { text: key, ref, sha256, size: bytes, locked } = file;
      const trace = ask.traceparent ?? ask.trace;
      const job = { key, ref, sha256, bytes, locked, trace, shard, u, network, charged };
      await pass.producer.extract(job, Math.max(waiting, ofNetwork));
    });
  }
}

async function endAsk(pass: Pass, ask: TakenAsk, body: EventBody<Exclude<Terminal, "completed">>): Promise<void> {
  const { kind } = await finish(pass.store, ask, "any", { end: body, nonce: newNonce() });
  if (kind === "finished") pass.report.ended(ask, ask.attempt, body, undefined);
  // The ask's conversation may be on the wait lists of texts that will never be extracted. Nothing else removes it from
  // them.
  if (ask.waited) {
    const keys = ask.body.files.map(({ text }) => text);
    await stopWaiting(pass.store, ask.address, keys, ask);
  }
  // The next ask of the conversation can run now, so the bell is rung for it.
  await pass.bell.ring({ conversation: ask.address });
}

function failed(ask: TakenAsk, code: ErrorCode, file?: number): EventBody<"failed"> {
  return {
    type: "failed",
    error: wireError(code, { ask: ask.id, trace: ask.trace, ...(file === undefined ? {} : { file }) }),
  };
}

function once<T>(known: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const there = known.get(key);
  if (there) return there;
  const made = make();
  known.set(key, made);
  return made;
}
