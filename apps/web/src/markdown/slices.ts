/** How long jobs may run in one frame, in ms. */
const SLICE_MS = 8;

/** Some work that is done in parts: each call does one part, and returns whether all of the work is done. */
type Job = () => boolean;

const seen = new Set<Job>();
const unseen = new Set<Job>();
const whenDone: Array<() => void> = [];
let frame = 0;
let usedMs = 0;
let sliceMs = SLICE_MS;

/**
 * Calls a job until it returns true: now, if this frame has time left, else in the next frames. So neither many answers
 * at once nor one long answer block the page. Jobs for what the user sees (`isSeen`) run before others. To let a
 * waiting job run before others, pass it again with `isSeen`. If a job throws, the error is reported, and the other
 * jobs continue.
 */
export function inSlices(job: Job, isSeen = true): void {
  if (isSeen) {
    unseen.delete(job);
    seen.add(job);
  } else if (!seen.has(job)) unseen.add(job);
  if (seen.size + unseen.size === 1) run();
  frame ||= requestAnimationFrame(next);
}

/** Calls a function once no job waits. */
export function afterSlices(then: () => void): void {
  whenDone.push(then);
  run();
}

/**
 * Sets whether all jobs, including waiting ones, run to their end at once. Printing needs this, because paper shows
 * no later frame.
 */
export function atOnce(isOn: boolean): void {
  sliceMs = isOn ? Infinity : SLICE_MS;
  run();
}

function next(): void {
  frame = 0;
  usedMs = 0;
  run();
  // If jobs have run in this frame, one more frame is requested, which sets `usedMs` to 0: the time used in this frame
  // must not count against jobs that are passed later.
  if (seen.size + unseen.size > 0 || usedMs > 0) frame ||= requestAnimationFrame(next);
}

function run(): void {
  while (usedMs < sliceMs) {
    const [job] = seen.size > 0 ? seen : unseen;
    if (!job) break;
    const began = performance.now();
    if (isDone(job)) {
      seen.delete(job);
      unseen.delete(job);
    }
    usedMs += performance.now() - began;
  }
  if (seen.size + unseen.size === 0) for (const then of whenDone.splice(0)) then();
}

function isDone(job: Job): boolean {
  try {
    return job();
  } catch (error) {
    reportError(error);
    return true;
  }
}
