/** How long drawing may take in one frame. */
const SLICE_MS = 8;

/** Returns whether it is done. */
type Job = () => boolean;

const seen = new Set<Job>();
const unseen = new Set<Job>();
const whenDone: Array<() => void> = [];
let frame = 0;
let usedMs = 0;
let sliceMs = SLICE_MS;

/**
 * Runs a job at once while this frame has time, else in the next frames, again until it returns that it is done. Many answers
 * at once, or a long one, never hold the page up. What is seen goes before what is not, also a job that waits already. The error
 * of a job is reported, and the others go on.
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

/** Whether jobs run to their ends at once, also those that wait: for paper, which shows no later frame. */
export function atOnce(isOn: boolean): void {
  sliceMs = isOn ? Infinity : SLICE_MS;
  run();
}

function next(): void {
  frame = 0;
  usedMs = 0;
  run();
  // One frame more, so that the time used in this one does not count against the next.
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
