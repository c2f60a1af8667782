/*
 * The steps with a failpoint before and after: every write that changes the state of an ask or an upload, and the bell.
 * A step has the name of the function that does it; the functions are wrapped when their file is loaded.
 */
const CHANNEL: Readonly<Record<string, readonly string[]>> = {
  "accept.ts": ["accept"],
  "cancel.ts": ["cancel"],
  "turn.ts": ["take", "begin", "append", "park", "handBack"],
  "finish.ts": ["finish"],
  "sweep.ts": ["checkAsk"],
  "text-store.ts": ["writeText", "takeWaiting", "awaitTexts", "queueExtraction", "endExtraction"],
  "upload.ts": ["beginUpload", "advanceUpload", "finishUpload", "renewUpload"],
  "bell.ts": ["ring"],
  "reservation.ts": ["claimBytes", "reserveBytes", "releaseBytes"],
};
const CHAOS = `(globalThis as any)[Symbol.for("docrelay.chaos")]`;

/**
 * Returns the source of a file with its steps wrapped, so that a process can die before and after each; a file without
 * steps stays unchanged. @throws Error when a step is missing.
 */
export function rewriteSteps(url: string, source: string): string {
  if (url.endsWith("/packages/jobs/src/producer.ts")) return rewriteProducer(source);
  const file = /\/packages\/channel\/src\/[\w-]+\/([\w-]+\.ts)$/.exec(url)?.[1];
  const steps = (file && CHANNEL[file]) || [];
  return steps.reduce((text, step) => {
    const head = `export async function ${step}(`;
    if (!text.includes(head)) throw new Error(`${file} has no step ${step} any more`);
    const wrapped = `\nexport const ${step} = ${CHAOS}.around("${step}", ${step}$real) as typeof ${step}$real;\n`;
    return text.replace(head, () => `async function ${step}$real(`) + wrapped;
  }, source);
}

/** Returns the source of `producer.ts` with the step `extract` wrapped: the code that adds an extraction job. */
function rewriteProducer(source: string): string {
  const head =
    "await within(timeoutMs, EXTRACT.queue, queueOf(key).add(EXTRACT.queue, job, EXTRACT.options(job, waiting)));";
  if (!source.includes(head)) throw new Error("the producer adds its jobs in another way now");
  return source.replace(head, () => `await ${CHAOS}.around("extract", async () => { ${head} })();`);
}

/**
 * The steps that an edge takes; `WORKER_STEPS` has those of a worker. A run kills a process before and after each step.
 */
export const EDGE_STEPS = [
  "accept",
  "ring",
  "extract",
  "cancel",
  "beginUpload",
  "advanceUpload",
  "finishUpload",
  "renewUpload",
  "claimBytes",
  "reserveBytes",
  "queueExtraction",
] as const;
export const WORKER_STEPS = [
  "take",
  "begin",
  "append",
  "finish",
  "awaitTexts",
  "park",
  "writeText",
  "releaseBytes",
  "takeWaiting",
  "endExtraction",
  "ring",
  "handBack",
  "checkAsk",
] as const;
