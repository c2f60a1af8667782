import { writeSync } from "node:fs";
import type { DestinationStream } from "pino";

const STDOUT = 1;
const PAUSE_MS = 5;
const MOST_PAUSES = 100;

/**
 * Lines on standard output, written at once. One that cannot be written is dropped: when nobody is left to read (the
 * parent was killed) the logger's own destination tries again for ever at the exit, and an orphan never ends. A pipe that
 * is full is waited for, half a second at most.
 */
export const standardOutput: DestinationStream = {
  write(line) {
    let rest: Uint8Array = Buffer.from(line);
    for (let pauses = 0; rest.length > 0 && pauses < MOST_PAUSES;) {
      try {
        rest = rest.subarray(writeSync(STDOUT, rest));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return;
        pauses++;
        Atomics.wait(pause, 0, 0, PAUSE_MS);
      }
    }
  },
};

const pause = new Int32Array(new SharedArrayBuffer(4));
