import { execFileSync } from "node:child_process";
import fs, { closeSync, openSync, readdirSync, readFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";

/** The state of the machine that a process under test sees. A field that is left out stays as it is. */
export interface Machine {
  /** By how many ms the clock is ahead; a negative number: behind. */
  readonly aheadMs?: number;
  /** Whether writing a file fails with ENOSPC, after half of it was written. */
  readonly isDiskFull?: boolean;
  /** Whether opening a socket, a pipe or a file fails with EMFILE. */
  readonly isOutOfDescriptors?: boolean;
}

export const SOUND: Machine = { aheadMs: 0, isDiskFull: false, isOutOfDescriptors: false };

/** The message that changes the machine of a process that runs already. */
export interface MachineMessage {
  readonly chaos: Machine;
}

/**
 * Makes this process see the machine that `first` (JSON) describes, and later the machines that messages over the IPC
 * channel describe.
 */
export function obeyMachine(first = "{}"): void {
  const clock = shiftClock();
  const disk = fillDisk();
  const descriptors = useUpDescriptors();
  const obey = ({ aheadMs, isDiskFull, isOutOfDescriptors }: Machine): void => {
    if (aheadMs !== undefined) clock.aheadMs = aheadMs;
    if (isDiskFull !== undefined) disk.isFull = isDiskFull;
    if (isOutOfDescriptors !== undefined) descriptors(isOutOfDescriptors);
  };
  obey(JSON.parse(first) as Machine);
  process.on("message", (message: Partial<MachineMessage>) => message.chaos && obey(message.chaos));
  process.channel?.unref(); // as in the product: listening to the channel must not keep this process alive
}

/**
 * Returns an object whose `aheadMs` shifts the time of day. Timers and `performance` go on, as they do when somebody
 * sets a clock.
 */
function shiftClock(): { aheadMs: number } {
  const clock = { aheadMs: 0 };
  const { now } = Date;
  Date.now = () => now() + clock.aheadMs;
  globalThis.Date = new Proxy(Date, {
    construct: (real, args: unknown[], made) =>
      Reflect.construct(real, args.length > 0 ? args : [Date.now()], made) as Date,
  });
  return clock;
}

function fillDisk(): { isFull: boolean } {
  const disk = { isFull: false };
  const { writeFile } = fs.promises;
  const write = async (...[file, data, options]: Parameters<typeof writeFile>): Promise<void> => {
    if (!disk.isFull) return writeFile(file, data, options);
    const bytes = Buffer.from(data as Uint8Array);
    await writeFile(file, bytes.subarray(0, bytes.length / 2), options);
    const facts = { code: "ENOSPC", errno: -28, syscall: "write" };
    throw Object.assign(new Error("ENOSPC: no space left on device, write"), facts);
  };
  fs.promises.writeFile = write;
  syncBuiltinESMExports();
  return disk;
}

/**
 * So many descriptors are free for certain when a process gets its descriptors back. `prlimit`, which raises the limit
 * again, cannot be started without: its streams and the report of a failed start take eight.
 */
const SPARE = 16;

/**
 * Returns a function that uses up all descriptors or gives them back. With true, it lowers the limit of descriptors to
 * the highest descriptor in use, and opens files until no descriptor below it is free. With false, it undoes both.
 */
function useUpDescriptors(): (isOut: boolean) => void {
  const held: number[] = [];
  const limits = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? "1024";
  const limit = (most: string): void => {
    execFileSync("prlimit", ["--pid", String(process.pid), `--nofile=${most}:`]);
  };
  return (isOut) => {
    if (!isOut && held.length === 0) return;
    if (!isOut) {
      for (const descriptor of held.splice(0)) closeSync(descriptor);
      return limit(limits);
    }
    for (let spare = 0; spare < SPARE; spare++) held.push(openSync("/dev/null", "r"));
    limit(String(Math.max(...readdirSync("/proc/self/fd").map(Number)) + 1));
    try {
      for (;;) held.push(openSync("/dev/null", "r"));
    } catch {
      // An open failed: now no descriptor is free, as intended.
    }
  };
}
