/** How long drawing may take in one frame. */
const SLICE_MS = 8;

let queue: Array<() => boolean> = [];
let frame = 0;
let usedMs = 0;
let sliceMs = SLICE_MS;

/**
 * Runs a job at once while this frame has time, else in the next frames, again until it returns that it is done. Many answers
 * at once, or a long one, never hold the page up.
 */
export function inSlices(job: () => boolean): void {
  if (!queue.includes(job)) queue.push(job);
  if (queue.length === 1) run();
  frame ||= requestAnimationFrame(next);
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
  if (queue.length > 0 || usedMs > 0) frame ||= requestAnimationFrame(next);
}

function run(): void {
  while (queue.length > 0 && usedMs < sliceMs) {
    const [job] = queue;
    if (!job) return;
    const began = performance.now();
    const isDone = job();
    usedMs += performance.now() - began;
    if (isDone) queue = queue.filter((other) => other !== job);
  }
}
