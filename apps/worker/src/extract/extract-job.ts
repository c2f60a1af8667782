import {
  areRetained,
  canChange,
  ChannelError,
  countUsed,
  dropForgotten,
  dropPassword,
  endExtraction,
  hintsOfText,
  isForgotten,
  keepBytes,
  publishHint,
  readPassword,
  releaseBytes,
  takeWaiting,
  textState,
  writeText,
  type Bell,
  type BlobStore,
  type ConversationAddress,
  type Store,
  type StoredText,
} from "@docrelay/channel";
import type { Disposition, ExtractJob } from "@docrelay/jobs";
import type { ExtractOutcome, Extractor } from "@docrelay/pdf";
import { readTrace } from "@docrelay/protocol";
import type { Tracing } from "@docrelay/platform";
import type { ExtractReport } from "./extract-report.ts";
import { retry, type Patience } from "../report/retry.ts";
import { createPageProgress } from "./page-progress.ts";

export interface ExtractDeps {
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly bell: Bell;
  readonly extractor: Extractor;
  readonly report: ExtractReport;
  readonly tracing?: Tracing | undefined;
  /**
   * For how many ms a file's bytes are kept after its text was stored, so that users can view the file; 0 = not at all.
   */
  readonly keepFilesMs: number;
  /** Aborted when the process stops: the job is handed back, and another worker runs it from the start. */
  readonly stopping: AbortSignal;
  /**
   * Whether the user and the user's network have no other extraction, waiting or running: then this extraction goes
   * first.
   */
  readonly isUrgent?: boolean;
  /** Aborted when all users have deleted the file: then the extraction ends. */
  readonly forgotten?: AbortSignal;
}

const STORE_PATIENCE_MS = 20_000;
const WAKES_AT_ONCE = 100;

/**
 * Extracts the text of one file for all asks that wait for it. The outcome is stored before those asks are woken; if
 * the process crashes in between, a second run of the job only wakes them. If `aside` is aborted, the extraction ends,
 * and the job begins anew later.
 */
export async function runExtraction(deps: ExtractDeps, job: ExtractJob, aside?: AbortSignal): Promise<Disposition> {
  const { store } = deps;
  const { key } = job;
  const patience = patienceOf(deps);
  // Nearly every run needs the bytes (only the second run of a job does not), so the bytes are read at the same time as
  // the state.
  const [[state], bytes, password, wasForgotten] = await Promise.all([
    retry(() => textState(store, [key]), patience),
    readBytes(deps, job),
    retry(() => readPassword(store, key), patience),
    retry(() => isForgotten(store, key), patience),
  ]);
  // A password is removed after one use, right or wrong. For another try the user has to send it again.
  const end = async (): Promise<void> => retry(() => dropPassword(store, key), patience);
  if (state !== "missing") {
    await end();
    return wakeWaiting(deps, job);
  }
  if (wasForgotten) {
    await Promise.all([dropBytes(deps, job), end()]);
    return wakeWaiting(deps, job);
  }
  publishState(deps, key, "begun");
  const outcome = await extractText(deps, job, { bytes, password, aside });
  if (outcome === "stopped") return deps.stopping.aborted ? "hand-back" : "aside";
  if (outcome === "no-password") return wakeWaiting(deps, job);
  if (outcome === "gone") {
    await Promise.all([dropBytes(deps, job), end()]);
    return wakeWaiting(deps, job);
  }
  await retry(() => writeText(store, key, outcome), patience);
  const isInVain = await retry(() => dropForgotten(store, key), patience);
  // If all users have deleted the file meanwhile, nothing is counted: the user may have deleted all data, and the count
  // would store data of this user again.
  if (outcome.kind === "text" && !isInVain) countPages(deps, job, outcome.pages.length);
  const drop = isInVain ? dropBytes(deps, job) : canChange(outcome) ? undefined : dropUnlessWanted(deps, job, outcome);
  const [disposition] = await Promise.all([wakeWaiting(deps, job), end(), drop]);
  return disposition;
}

/**
 * Releases the bytes, unless an ask with a password needs them or they are kept for viewing. Must be called after the
 * outcome is stored: see `retainBytes`.
 */
async function dropUnlessWanted(deps: ExtractDeps, job: ExtractJob, { kind }: StoredText): Promise<void> {
  const { store, blobs, keepFilesMs } = deps;
  const { ref, bytes: size } = job;
  if (await retry(() => areRetained(store, ref), patienceOf(deps))) return;
  if (keepFilesMs === 0 || kind === "failed") return dropBytes(deps, job);
  await retry(() => keepBytes(store, blobs, { ref, size, user: job, keepMs: keepFilesMs }), patienceOf(deps));
}

/**
 * Counts pages for the daily quotas of the user and of the user's network and tenant. Nothing waits for the count; if
 * it is lost, the user may use a little more.
 */
function countPages({ store, report }: ExtractDeps, job: ExtractJob, pages: number): void {
  for (const of of [job, ...(job.charged ?? [])]) {
    countUsed(store, of, "pages", pages).catch((error: unknown) => report.error("usage", error));
  }
}

/**
 * Sends edges the hint that the extraction has begun (`begun`), or that its state has changed (`look`). The hint may be
 * lost.
 */
function publishState({ store, report }: ExtractDeps, key: string, kind: "begun" | "look"): void {
  publishHint(store, hintsOfText(key), { kind }).catch((error: unknown) => report.error("upload hint", error));
}

/**
 * Wakes the conversations that wait for the text. Then this extraction no longer counts among the waiting extractions
 * of its users.
 */
async function wakeWaiting(deps: ExtractDeps, job: ExtractJob): Promise<Disposition> {
  const { store } = deps;
  const { key } = job;
  const patience = patienceOf(deps);
  publishState(deps, key, "look");
  const waiting = await retry(() => takeWaiting(store, key), patience);
  const users = new Map([job, ...waiting].map(({ shard, u }) => [u, { shard, u }]));
  await Promise.all([
    wakeAll(deps, waiting),
    ...[...users.values(), ...(job.network ? [job.network] : [])].map((account) =>
      retry(() => endExtraction(store, account, key), patience),
    ),
  ]);
  return "done";
}

/**
 * Returns the outcome to store, or one of three outcomes that are not stored.
 * `gone`: the bytes are not stored, or no user wants the text any more. If `gone` were stored, the same file sent again
 * would get it; waiting asks notice by themselves that the bytes are gone.
 * `no-password`: the password has expired together with its ask. If `no-password` were stored, it would be the outcome
 * of the text key of that password, and the right password would be refused from then on.
 * `stopped`: the extraction was aborted, and another run of the job begins it anew.
 */
async function extractText(
  deps: ExtractDeps,
  job: ExtractJob,
  {
    bytes,
    password,
    aside,
  }: { bytes: Uint8Array | undefined; password: string | undefined; aside: AbortSignal | undefined },
): Promise<StoredText | "gone" | "no-password" | "stopped"> {
  const { store, stopping, report } = deps;
  if (!bytes) {
    report.gone(job);
    return "gone";
  }
  if (job.locked === true && password === undefined) return "no-password";
  const signal = AbortSignal.any([stopping, aside, deps.forgotten].filter((one) => one !== undefined));
  using progress = createPageProgress(store, job.key, (error) => report.error("page progress", error));
  const startedAt = performance.now();
  // If an upload and not an ask has queued the extraction, there is no parent, and a new trace begins here.
  const { traceparent: parent } = readTrace(job.trace);
  const attributes = { "docrelay.bytes": job.bytes };
  const span = deps.tracing?.begin("extract", { kind: "consumer", parent, attributes });
  const traced = { ...job, trace: span?.traceparent ?? job.trace };
  try {
    const input = { bytes, ...(password === undefined ? {} : { password }) };
    const outcome = await deps.extractor.extract(input, {
      signal,
      isUrgent: deps.isUrgent ?? false,
      onPage: (page, pages) => progress.page(page, pages),
    });
    const extractMs = Math.round(performance.now() - startedAt);
    report.extracted(traced, outcome, extractMs);
    span?.end(
      outcome.kind === "failed" ? { error: outcome.code } : { attributes: { "docrelay.pages": outcome.pages.length } },
    );
    const ofTrace = span && { traced: { traceparent: span.traceparent, at: Date.now() } };
    return { ...storable(outcome, extractMs), ...(outcome.kind !== "failed" && ofTrace) };
  } catch (error) {
    span?.end({ error: signal.aborted ? "stopped" : "INTERNAL" });
    if (deps.forgotten?.aborted) return "gone";
    if (signal.aborted) return "stopped";
    report.bug(traced, error);
    return { kind: "failed", code: "INTERNAL", permanent: false };
  }
}

function storable(outcome: ExtractOutcome, extractMs: number): StoredText {
  if (outcome.kind === "failed") {
    const { code, reason, permanent } = outcome;
    return { kind: "failed", code, permanent, ...(reason === undefined ? {} : { reason }) };
  }
  const { pages, missing, ocr, truncated, attachments } = outcome;
  const chars = pages.reduce((sum, page) => sum + page.length, 0);
  return { kind: "text", pages, chars, missing, ocr, truncated, ...(attachments && { attachments }), extractMs };
}

/** Reads the bytes of a file; undefined if some are missing, or if there are not exactly as many as were sent. */
async function readBytes(deps: ExtractDeps, job: ExtractJob): Promise<Uint8Array | undefined> {
  return retry(async () => {
    const bytes = new Uint8Array(job.bytes);
    let at = 0;
    try {
      for await (const chunk of deps.blobs.read(job.ref)) {
        if (at + chunk.length > bytes.length) return undefined;
        bytes.set(chunk, at);
        at += chunk.length;
      }
    } catch (error) {
      if (error instanceof ChannelError && error.kind === "hole") return undefined;
      throw error;
    }
    return at === bytes.length ? bytes : undefined;
  }, patienceOf(deps));
}

async function dropBytes(deps: ExtractDeps, job: ExtractJob): Promise<void> {
  const { store, blobs } = deps;
  await retry(() => releaseBytes(store, blobs, job.ref, { text: job.key, user: job }), patienceOf(deps));
}

async function wakeAll(deps: ExtractDeps, waiting: readonly ConversationAddress[]): Promise<void> {
  for (let from = 0; from < waiting.length; from += WAKES_AT_ONCE) {
    const some = waiting.slice(from, from + WAKES_AT_ONCE);
    await Promise.all(some.map((conversation) => retry(() => deps.bell.ring({ conversation }), patienceOf(deps))));
  }
}

function patienceOf({ stopping }: ExtractDeps): Patience {
  return { forMs: STORE_PATIENCE_MS, signal: stopping };
}
