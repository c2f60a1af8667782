/**
 * Milliseconds on the machine's monotonic clock: unlike `performance.now()` it has the same zero in every process of
 * one machine, so that an engine's stamps can be held against the generator's.
 */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
