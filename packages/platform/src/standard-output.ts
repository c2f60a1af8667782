import { writeSync } from "node:fs";
import type { DestinationStream } from "pino";

const MAX_HELD_BYTES = 1 << 20;
const RETRY_MS = 20;
const FLUSH_MS = 500;
const FLUSH_PAUSE_MS = 5;

/** Whole lines that the reader has not taken yet, oldest first. */
const held: Uint8Array[] = [];
let heldBytes = 0;
/** The rest of a line that is partly written: it has to come next. */
let rest: Uint8Array | undefined;
let dropped = 0;
let timer: NodeJS.Timeout | undefined;
let fd: number | undefined;

/**
 * Log lines on standard output, in order. While the reader keeps up each line is written at once. When the pipe is full,
 * up to 1 MiB of lines is held and written later; beyond that the oldest whole lines are dropped, and a line reports how
 * many. A stalled reader never stops the event loop. At the exit, also after an uncaught exception, the held lines get
 * half a second. Once the reader has gone, lines are dropped: a process whose launcher was killed has to end.
 */
export const standardOutput: DestinationStream = {
  write(text) {
    fd ??= openStandardOutput();
    hold(text);
    if (!drain()) timer ??= setTimeout(retry, RETRY_MS).unref(); // unref: the exit flushes what is held
  },
};

function openStandardOutput(): number {
  process.on("exit", flush);
  // The first use of `process.stdout` makes a pipe non-blocking: a write to a full one then throws EAGAIN.
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

/** Writes what is held. Returns false when the pipe is full before the end. */
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
      rest = undefined; // the reader has gone
    }
  }
}

function next(): Uint8Array | undefined {
  const line = held.shift();
  heldBytes -= line?.length ?? 0;
  return line;
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
