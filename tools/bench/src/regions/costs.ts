/* The unit costs of docs/performance.md, in µs of CPU and in bytes. */

/**
 * How much CPU time asks cost a process: a fixed time for each ask, and a time for each second with asks, however many
 * asks that second has.
 */
export interface AskCost {
  /** The CPU time in µs that each ask costs, at any rate of asks. */
  readonly eachUs: number;
  /**
   * The CPU time that all asks of a second share, in µs. It is spent once in each second with asks: a process that
   * wakes for one message does hardly more work when it wakes for ten.
   */
  readonly perSecondUs: number;
}

/**
 * The CPU time of an ask in µs at 400 asks a second, the lower of two measured rates. `FAST` has the highest rate that
 * two cores can answer.
 */
const SLOW = { rate: 400, us: 1750 };
const FAST = { rate: 2391, us: 647 };

/** The cost of an ask in all processes of a region together, computed from the two measured rates `SLOW` and `FAST`. */
export const ASK: AskCost = lineThrough(SLOW, FAST);
/** The most CPU time that Redis uses for an ask, in µs. A Redis server uses only one core. */
export const REDIS_ASK_US = 205;
/** The CPU time of opening a connection, in µs: a session, an upgrade and an open conversation. */
export const CONNECT_US = 1_000_000 / 1403;
export const CONNECTION_BYTES = 19 * 1024;
/** How many bytes of Redis a finished ask with five events takes. */
export const LOG_BYTES = 2700;

/**
 * Returns the CPU time of all processes for one ask, in µs, when asks come at this rate to one edge, one worker and one
 * Redis.
 */
export function askUs(rate: number, { eachUs, perSecondUs }: AskCost = ASK): number {
  return eachUs + perSecondUs / rate;
}

function lineThrough(a: typeof SLOW, b: typeof FAST): AskCost {
  const perSecondUs = (a.us - b.us) / (1 / a.rate - 1 / b.rate);
  return { eachUs: a.us - perSecondUs / a.rate, perSecondUs };
}
