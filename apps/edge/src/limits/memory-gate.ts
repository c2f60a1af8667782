/**
 * Whether Redis, or one master of a cluster, has little memory left. Then new asks and files are refused, so that
 * running asks can end.
 */
export interface MemoryGate extends Disposable {
  readonly full: boolean;
  /** How many keys Redis has evicted since its start because memory ran out; no key of docrelay should be evicted. */
  readonly evicted: number;
}

const EVERY_MS = 1000;
const FULL_AT = 0.85;

/**
 * @param read returns the text of `INFO memory stats` of each Redis server. If `read` fails, the last result is kept.
 */
export function createMemoryGate(read: () => Promise<readonly string[]>, everyMs = EVERY_MS): MemoryGate {
  let full = false;
  let evicted = 0;
  let reading = false;
  const look = async (): Promise<void> => {
    if (reading) return;
    reading = true;
    try {
      const infos = await read();
      full = infos.some(isNearlyFull);
      evicted = infos.reduce((sum, info) => sum + numberIn(info, "evicted_keys"), 0);
    } catch {
      // The last result is kept. It cannot do harm: while Redis does not respond, no ask can be accepted.
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
    get evicted() {
      return evicted;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/**
 * Whether the text of `INFO memory` shows more than 85 % of `maxmemory` in use. Without `maxmemory` it returns false.
 */
export function isNearlyFull(info: string): boolean {
  const most = numberIn(info, "maxmemory");
  // The buffers of replicas and of the append-only file do not count against `maxmemory`.
  return most > 0 && numberIn(info, "used_memory") - numberIn(info, "mem_not_counted_for_evict") > FULL_AT * most;
}

const numberIn = (info: string, name: string): number =>
  Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1] ?? 0);
