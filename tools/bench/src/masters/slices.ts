import { parseArgs } from "node:util";
import { setPriority } from "node:os";
import { untilSignal } from "@docrelay/platform";

/*
 * This program lets each process of `--pids` run for a slice of every period (`PERIOD_MS`), one after the other, and
 * stops it for the rest of the period. So each process has a core for a known share of the time, however many cores the
 * machine has.
 */

const PERIOD_MS = 20;

const { values } = parseArgs({
  options: { pids: { type: "string", default: "" }, share: { type: "string", default: "0.05" } },
});
const pids = values.pids.split(",").map(Number);
// The number 0 would stop the whole process group of this process.
if (!pids.every((pid) => Number.isInteger(pid) && pid > 0)) throw new Error("--pids: the numbers of the processes");
const sliceMs = Number(values.share) * PERIOD_MS;
const clock = new Int32Array(new SharedArrayBuffer(4));
/** Waits this many ms. Timers of the event loop would be up to a millisecond late. */
const wait = (ms: number): unknown => Atomics.wait(clock, 0, 0, Math.max(0, ms));

/**
 * Sends a signal to a process. If the process has ended, the error is ignored: otherwise the error would end this
 * program, and the other processes would stay stopped.
 */
const sendTo = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
};
const send = (signal: NodeJS.Signals): void => {
  for (const pid of pids) sendTo(pid, signal);
};
const stopped = untilSignal();
let isOver = false;
void stopped.then(() => (isOver = true));
try {
  setPriority(-10);
} catch {
  // This process is not allowed to raise its priority, so a slice may last longer on a busy machine.
}
send("SIGSTOP");
process.stdout.write(`${JSON.stringify({ msg: "ready" })}\n`);
while (!isOver) {
  const end = performance.now() + PERIOD_MS;
  for (const pid of pids) {
    sendTo(pid, "SIGCONT");
    wait(sliceMs);
    sendTo(pid, "SIGSTOP");
  }
  wait(end - performance.now());
  await new Promise((resolve) => setImmediate(resolve));
}
send("SIGCONT");
process.exit(0);
