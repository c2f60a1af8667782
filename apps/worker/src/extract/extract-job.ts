import {
  areRetained,
  canChange,
  ChannelError,
  dropPassword,
  endExtraction,
  readPassword,
  releaseBytes,
  takeWaiting,
  textState,
  writeText,
  type BlobStore,
  type ConversationAddress,
  type Store,
  type StoredText,
} from "@docrelay/channel";
import type { Disposition, ExtractJob, Producer } from "@docrelay/jobs";
import type { ExtractOutcome, Extractor } from "@docrelay/pdf";
import type { ExtractReport } from "./extract-report.ts";
import { insist } from "../report/retry.ts";
import { createPageProgress } from "./page-progress.ts";

export interface ExtractDeps {
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly producer: Producer;
  readonly extractor: Extractor;
  readonly report: ExtractReport;
  /** Aborted when the process is to end: the job goes back, to be begun again elsewhere. */
  readonly stopping: AbortSignal;
}

const PATIENCE_MS = 20_000;
const RING_AT_ONCE = 100;

/**
 * Makes one file's bytes into its text, for everybody who sent them. The outcome is stored first and only then those
 * who wait are woken; run again after a crash in between, it goes on with the waking.
 */
export async function runExtraction(deps: ExtractDeps, job: ExtractJob): Promise<Disposition> {
  const { store } = deps;
  const insistent = { forMs: PATIENCE_MS, signal: deps.stopping };
  const [there] = await insist(() => textState(store, [job.key]), insistent);
  if (there === "missing") {
    const made = await make(deps, job);
    if (made === "stopped") return "give-back";
    if (made !== "gone") {
      await insist(() => writeText(store, job.key, made), insistent);
      if (!canChange(made) && !(await insist(() => areRetained(store, job.ref), insistent))) await dropBytes(deps, job);
    }
  }
  // Right or wrong, it has been used: who wants another try sends it again.
  await insist(() => dropPassword(store, job.key), insistent);
  const waiting = await insist(() => takeWaiting(store, job.key), insistent);
  await wake(deps, waiting);
  const users = new Map([job, ...waiting].map(({ shard, u }) => [u, { shard, u }]));
  await Promise.all([...users.values()].map((user) => insist(() => endExtraction(store, user, job.key), insistent)));
  return "done";
}

/**
 * The outcome to store; `gone`: there are no bytes to make it from. Then nothing is stored, since the same file sent
 * again would be refused for it: those who wait look for their bytes themselves.
 */
async function make(deps: ExtractDeps, job: ExtractJob): Promise<StoredText | "gone" | "stopped"> {
  const { store, stopping, report } = deps;
  const bytes = await readBytes(deps, job);
  if (!bytes) {
    report.gone(job);
    await insist(() => releaseBytes(store, deps.blobs, job.ref, { sha256: job.sha256, user: job }), {
      forMs: PATIENCE_MS,
      signal: stopping,
    });
    return "gone";
  }
  const password = await insist(() => readPassword(store, job.key), { forMs: PATIENCE_MS, signal: stopping });
  const progress = createPageProgress(store, job.key, (error) => report.trouble("page progress", error));
  const startedAt = performance.now();
  try {
    const input = { bytes, ...(password === undefined ? {} : { password }) };
    const outcome = await deps.extractor.extract(input, {
      signal: stopping,
      onPage: (page, pages) => progress.page(page, pages),
    });
    const extractMs = Math.round(performance.now() - startedAt);
    report.extracted(job, outcome, extractMs);
    return storable(outcome, extractMs);
  } catch (error) {
    if (stopping.aborted) return "stopped";
    report.bug(job, error);
    return { kind: "failed", code: "INTERNAL", permanent: false };
  }
}

function storable(outcome: ExtractOutcome, extractMs: number): StoredText {
  if (outcome.kind === "failed") {
    const { code, reason, permanent } = outcome;
    return { kind: "failed", code, permanent, ...(reason === undefined ? {} : { reason }) };
  }
  const { pages, missing, ocr, truncated } = outcome;
  const chars = pages.reduce((sum, page) => sum + page.length, 0);
  return { kind: "text", pages, chars, missing, ocr, truncated, extractMs };
}

/** All bytes, or undefined when they are gone, have holes, or are not as many as were sent. */
async function readBytes({ blobs, stopping }: ExtractDeps, job: ExtractJob): Promise<Uint8Array | undefined> {
  return insist(
    async () => {
      const bytes = new Uint8Array(job.bytes);
      let at = 0;
      try {
        for await (const chunk of blobs.read(job.ref)) {
          if (at + chunk.length > bytes.length) return undefined;
          bytes.set(chunk, at);
          at += chunk.length;
        }
      } catch (error) {
        if (error instanceof ChannelError && error.kind === "hole") return undefined;
        throw error;
      }
      return at === bytes.length ? bytes : undefined;
    },
    { forMs: PATIENCE_MS, signal: stopping },
  );
}

async function dropBytes({ store, blobs, stopping }: ExtractDeps, job: ExtractJob): Promise<void> {
  await insist(() => releaseBytes(store, blobs, job.ref, { sha256: job.sha256, user: job }), {
    forMs: PATIENCE_MS,
    signal: stopping,
  });
}

async function wake({ producer, stopping }: ExtractDeps, waiting: readonly ConversationAddress[]): Promise<void> {
  for (let from = 0; from < waiting.length; from += RING_AT_ONCE) {
    const some = waiting.slice(from, from + RING_AT_ONCE);
    await Promise.all(
      some.map((conversation) => insist(() => producer.wake(conversation), { forMs: PATIENCE_MS, signal: stopping })),
    );
  }
}
