import { writeSync } from "node:fs";
import type { DestinationStream } from "pino";

const MAX_HELD_BYTES = 1 << 20;
const MAX_WRITE_BYTES = 1 << 16;
const RETRY_MS = 20;
const FLUSH_MS = 500;
const FLUSH_PAUSE_MS = 5;

/** Whole lines that were not written yet, oldest first. */
const held: Uint8Array[] = [];
let heldBytes = 0;
/** What has to be written before any other line: whole lines, or the rest of lines of which only a part was written. */
let rest: Uint8Array | undefined;
let dropped = 0;
let timer: NodeJS.Timeout | undefined;
let turn: NodeJS.Immediate | undefined;
let fd: number | undefined;

/** Matches lines of the levels that may wait until the end of the event loop's current turn. */
const GATHERED = /^\{"level":"(?:info|debug|trace)"/;

/**
 * Writes log lines to standard output, in order. All `info`, `debug` and `trace` lines of one turn of the event loop
 * are written in one system call, at the end of the turn. A line of another level is written at once, together with the
 * lines before it. When the pipe is full, up to 1 MiB of lines is kept and written later. Beyond that, the oldest whole
 * lines are dropped, and a line reports how many. So a reader that stands still never stops the event loop. At the
 * exit, also after an uncaught exception, writing the kept lines may take half a second more. When nobody reads the
 * pipe any more, lines are dropped: a process whose launcher was killed has to end.
 */
export const standardOutput: DestinationStream = {
  write(text) {
    fd ??= openStandardOutput();
    hold(text);
    if (GATHERED.test(text)) turn ??= setImmediate(write);
    else write();
  },
};

function write(): void {
  clearImmediate(turn);
  turn = undefined;
  if (!drain()) timer ??= setTimeout(retry, RETRY_MS).unref(); // unref: at the exit, the kept lines are written anyway
}

function openStandardOutput(): number {
  process.on("exit", flush);
  // Using `process.stdout` makes a pipe non-blocking: a write to a full pipe then throws EAGAIN instead of blocking.
  return process.stdout.fd;
}

function hold(text: string): void {
  const line = Buffer.from(text);
  held.push(line);
  heldBytes += line.length;
  while (heldBytes > MAX_HELD_BYTES && held.length > 1) {
    heldBytes -= held.shift()?.length ?? 0;
    dropped++;
  }
}

/** Writes the kept lines. Returns false when the pipe is full before all are written. */
function drain(): boolean {
  while (true) {
    if (!rest && dropped > 0) rest = reportDropped();
    rest ??= next();
    if (!rest) return true;
    try {
      const count = writeSync(fd ?? 1, rest);
      rest = count === rest.length ? undefined : rest.subarray(count);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") return false;
      rest = undefined; // nobody reads the pipe any more
    }
  }
}

/**
 * Removes the oldest kept lines, as many whole ones as fit into one write, and returns them as one buffer; undefined if
 * no line is kept.
 */
function next(): Uint8Array | undefined {
  let [count, bytes] = [0, 0];
  for (const { length } of held) {
    if (count > 0 && bytes + length > MAX_WRITE_BYTES) break;
    count++;
    bytes += length;
  }
  heldBytes -= bytes;
  const lines = held.splice(0, count);
  return count > 1 ? Buffer.concat(lines) : lines[0];
}

function reportDropped(): Uint8Array {
  const facts = { level: "warn", time: Date.now(), pid: process.pid, lines: dropped, msg: "log lines dropped" };
  dropped = 0;
  return Buffer.from(`${JSON.stringify(facts)}\n`);
}

function retry(): void {
  timer = drain() ? undefined : setTimeout(retry, RETRY_MS).unref();
}

function flush(): void {
  const end = performance.now() + FLUSH_MS;
  while (!drain() && performance.now() < end) Atomics.wait(pause, 0, 0, FLUSH_PAUSE_MS);
}

const pause = new Int32Array(new SharedArrayBuffer(4));
