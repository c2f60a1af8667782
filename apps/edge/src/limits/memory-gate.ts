/** Whether Redis has little memory left: new asks and files are refused then, so that those which run can end. */
export interface MemoryGate extends Disposable {
  readonly full: boolean;
}

const EVERY_MS = 1000;
const FULL_AT = 0.85;

/** @param read returns `INFO memory`. While it fails the last view is kept. */
export function createMemoryGate(read: () => Promise<string>, everyMs = EVERY_MS): MemoryGate {
  let full = false;
  let reading = false;
  const look = async (): Promise<void> => {
    if (reading) return;
    reading = true;
    try {
      full = isNearlyFull(await read());
    } catch {
      // Redis does not respond: accepting an ask then fails by itself.
    } finally {
      reading = false;
    }
  };
  void look();
  const timer = setInterval(() => void look(), everyMs);
  timer.unref();
  return {
    get full() {
      return full;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** Reads `INFO memory`; a Redis without `maxmemory` is never full. */
export function isNearlyFull(info: string): boolean {
  const number = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1] ?? 0);
  const most = number("maxmemory");
  // Buffers of replicas and of the append-only file do not count against it.
  return most > 0 && number("used_memory") - number("mem_not_counted_for_evict") > FULL_AT * most;
}
