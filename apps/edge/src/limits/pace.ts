import { performance } from "node:perf_hooks";
import type { Networks } from "./networks.ts";
import type { Rate } from "./rate-limit.ts";

/**
 * Slows clients that send more than an edge can handle beside other clients. A client is not told: its connection is
 * not read for a while, so its bytes stay in the network, and it can send no faster than it is read. A refusal alone
 * would not do: reading and refusing also takes time, and a client that ignores refusals can send again at once.
 */
export interface Pace {
  /** The name by which a connected user counts: its network, or the user if `USERS_PER_ADDRESS` is 0. */
  nameOf(user: string): string;
  /**
   * Counts bytes of large messages and of files. Returns for how many ms the connection must not be read, at most
   * 1,000; 0 if the client has not sent too many bytes. `name` is the client's network; if `USERS_PER_ADDRESS` is 0, it
   * is the user or the connection.
   */
  received(name: string, bytes: number): number;
  /**
   * Counts a refused event, ask or request. Returns for how many ms the client must not be read, as `received` does.
   */
  refused(name: string): number;
}

/**
 * How many bytes a network may send for each of its `USERS_PER_ADDRESS` users. `REFUSAL_RATE`: how many refusals it may
 * cause.
 */
const BYTE_RATE: Rate = { perSecond: 2_097_152, burst: 4_194_304 };
const REFUSAL_RATE: Rate = { perSecond: 20, burst: 100 };
/** If `USERS_PER_ADDRESS` is 0, one user or connection may send as much as a network of this many users. */
const USERS_WITHOUT_NETWORKS = 8;
/** The longest pause: the client's pongs are not read during a pause, and a connection without pongs is ended. */
const MAX_PAUSE_MS = 1000;

/**
 * @param users how many users a network counts as (`USERS_PER_ADDRESS`)
 * @param networks the networks of users; undefined if `users` is 0
 */
export function createPace(
  users: number,
  networks: Pick<Networks, "of"> | undefined,
  now: () => number = () => performance.now(),
): Pace {
  const times = users > 0 ? users : USERS_WITHOUT_NETWORKS;
  const bytes = createDebts(BYTE_RATE, times);
  const refusals = createDebts(REFUSAL_RATE, times);
  return {
    nameOf: (user) => networks?.of(user) ?? user,
    received: (name, count) => Math.min(MAX_PAUSE_MS, bytes.add(name, count, now())),
    refused: (name) => Math.min(MAX_PAUSE_MS, refusals.add(name, 1, now())),
  };
}

interface Debts {
  /** Adds `cost` to what a name has used; returns for how many ms the name is over its rate, 0 if it is not. */
  add(name: string, cost: number, now: number): number;
}

const FORGET_AT = 4096;

/**
 * A token bucket for each name. The number of tokens may fall below zero, because what was received cannot be refused
 * any more. Of each bucket only one moment is kept: when it last had no tokens or, if the number is below zero, when it
 * will be at zero again.
 */
function createDebts({ perSecond, burst }: Rate, times: number): Debts {
  const perMs = (perSecond * times) / 1000;
  const burstMs = (burst * times) / perMs;
  const emptyAt = new Map<string, number>();
  let forgetAt = FORGET_AT;
  return {
    add(name, cost, now) {
      if (emptyAt.size >= forgetAt) {
        // The bucket of `one` is full again.
        for (const [one, at] of emptyAt) if (at <= now - burstMs) emptyAt.delete(one);
        forgetAt = Math.max(FORGET_AT, emptyAt.size * 2);
      }
      const at = Math.max(emptyAt.get(name) ?? Number.NEGATIVE_INFINITY, now - burstMs) + cost / perMs;
      emptyAt.set(name, at);
      return Math.max(0, Math.ceil(at - now));
    },
  };
}

/** A socket whose reading can be stopped, such as a WebSocket. */
export interface Readable {
  pause(): void;
  resume(): void;
}

const holds = new WeakMap<Readable, number>();

/**
 * Stops reading a socket until the returned function is called, which is idempotent. A socket can be held for several
 * reasons at the same time; it is read again when all returned functions were called.
 */
export function holdReading(socket: Readable): () => void {
  const held = holds.get(socket) ?? 0;
  holds.set(socket, held + 1);
  if (held === 0) socket.pause();
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    const left = (holds.get(socket) ?? 1) - 1;
    if (left > 0) return void holds.set(socket, left);
    holds.delete(socket);
    socket.resume();
  };
}

/** Stops reading a socket for `ms`; does nothing if `ms` is 0. */
export function pauseReading(socket: Readable, ms: number): void {
  if (ms > 0) setTimeout(holdReading(socket), ms).unref();
}

/** Whether reading the socket is stopped. */
export function isHeld(socket: Readable): boolean {
  return holds.has(socket);
}
