/* The unit costs of docs/performance.md, in µs of CPU and in bytes. */

/** What one ask costs a process: a part of each ask, and a part that all asks of a second share. */
export interface AskCost {
  /** µs of each ask. */
  readonly eachUs: number;
  /** µs a second while asks come at all: a process that wakes for one message does no more work than for ten. */
  readonly perSecondUs: number;
}

/** The CPU of an ask at two rates: at 400 asks/s, and at the most that two cores answer. */
const SLOW = { rate: 400, us: 1750 };
const FAST = { rate: 2391, us: 647 };

/** All processes of a region together: the line through the two measured rates. */
export const ASK: AskCost = lineThrough(SLOW, FAST);
/** The part of Redis, at the most; one Redis uses one core. */
export const REDIS_ASK_US = 205;
/** A connection that is opened: a session, an upgrade, an open conversation. */
export const CONNECT_US = 1_000_000 / 1403;
export const CONNECTION_BYTES = 19 * 1024;
/** A finished ask of five events in Redis. */
export const LOG_BYTES = 2700;

/** CPU of all processes for one ask, when asks come at this rate to one edge, one worker and one Redis. */
export function askUs(rate: number, { eachUs, perSecondUs }: AskCost = ASK): number {
  return eachUs + perSecondUs / rate;
}

function lineThrough(a: typeof SLOW, b: typeof FAST): AskCost {
  const perSecondUs = (a.us - b.us) / (1 / a.rate - 1 / b.rate);
  return { eachUs: a.us - perSecondUs / a.rate, perSecondUs };
}
