/**
 * Returns the time of the machine's monotonic clock, in ms. Unlike `performance.now()`, it has the same zero in every
 * process of the machine, so that times of the engine can be compared with times of the load generator.
 */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
