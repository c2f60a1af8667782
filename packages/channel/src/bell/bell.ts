import type { RedisClient, RedisSubscriber } from "../redis/client.ts";
import { Cluster } from "ioredis";
import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { SHARDS } from "../redis/address.ts";
import { SUPPORTED_RECORD_VERSION } from "../redis/store.ts";
import { BEAT_CHANNEL } from "../redis/keys.ts";
import { bellChannel, shardBellChannel, encodeBell, parseBeat, type BellMessage } from "./message.ts";
import { BEAT_MS, type Beat, type Roster } from "./roster.ts";

/**
 * How many workers one call of `ring` tries at most. A further worker is tried if the one before it is no longer
 * subscribed to its bells.
 */
const MAX_TRIES = 4;

/**
 * Wakes an ask worker for a conversation. A bell is a hint that writes nothing: the mailbox decides which ask runs, and
 * the sweeper finds the ask of a lost bell within a second. Repeated and late bells change nothing.
 */
export interface Bell {
  /**
   * Resolves with true if a worker has received the bell. `to`: the worker to try first. `not`: a worker that is never
   * tried. @throws errors of ioredis.
   */
  ring(message: BellMessage, whom?: { to?: string | undefined; not?: string }): Promise<boolean>;
}

/**
 * @param beats how long a ring waits while no worker is known, in beats ({@link BEAT_MS}). A process that has just
 * started hears all workers within one beat.
 */
export function createBell(redis: RedisClient, roster: Roster, { beats = 0 }: { beats?: number } = {}): Bell {
  return { ring: (message, whom) => ring({ redis, roster, beats }, message, whom) };
}

export async function ring(
  { redis, roster, beats }: { redis: RedisClient; roster: Roster; beats: number },
  message: BellMessage,
  { to, not }: { to?: string | undefined; not?: string } = {},
): Promise<boolean> {
  const text = encodeBell(message);
  const choice = { version: SUPPORTED_RECORD_VERSION, ...(not === undefined ? {} : { not }) };
  let worker = to ?? roster.choose(choice);
  for (let waited = 0; worker === undefined && waited < beats; waited++) {
    await sleep(BEAT_MS);
    worker = roster.choose(choice);
  }
  for (let tries = 0; worker !== undefined && tries < MAX_TRIES; tries++) {
    if (await isHeard(redis, channelFor(redis, worker, message.conversation.shard), text)) return true;
    roster.skip(worker);
    worker = roster.choose(choice);
  }
  return false;
}

/**
 * Whether a worker is subscribed to its bells. Redis drops the subscription of a killed process as soon as its socket
 * closes.
 */
export async function isListening(redis: RedisClient, worker: string): Promise<boolean> {
  if (!(redis instanceof Cluster)) return isHeard(redis, bellChannel(worker), "");
  // Several shards are tried: the master of one may be away, or the worker may not have subscribed there yet.
  const shards = Array.from({ length: ASKED_SHARDS }, () => SHARDS[randomInt(SHARDS.length)] ?? "");
  const replies = shards.map(async (shard) => {
    if (!(await isHeard(redis, shardBellChannel(worker, shard), ""))) throw new Unheard();
  });
  try {
    await Promise.any(replies);
    return true;
  } catch (error) {
    const { errors } = error as AggregateError;
    if (errors.some((one) => one instanceof Unheard)) return false;
    throw errors[0];
  }
}

/** At how many shards of a cluster a worker's subscription is looked for. */
const ASKED_SHARDS = 5;
class Unheard extends Error {}

const channelFor = (redis: RedisClient, worker: string, shard: string): string =>
  redis instanceof Cluster ? shardBellChannel(worker, shard) : bellChannel(worker);

async function isHeard(redis: RedisClient, channel: string, text: string): Promise<boolean> {
  return Number(await redis.spublish(channel, text)) > 0;
}

/**
 * Updates a roster with the beats that a subscriber connection receives, and calls `onBeat` after each. Resolves once
 * the connection is subscribed; after a reconnect, ioredis subscribes again.
 */
export async function hearBeats(
  subscriber: RedisSubscriber,
  roster: Roster,
  onBeat?: (beat: Beat) => void,
): Promise<void> {
  subscriber.on("message", (channel: string, message: string) => {
    const beat = channel === BEAT_CHANNEL ? parseBeat(message) : undefined;
    if (!beat) return;
    roster.hear(beat);
    onBeat?.(beat);
  });
  await subscriber.subscribe(BEAT_CHANNEL);
}

/** Announces a worker to all edges and workers. Nothing is stored. */
export async function publishBeat(redis: RedisClient, beat: Beat): Promise<void> {
  await redis.publish(BEAT_CHANNEL, JSON.stringify(beat));
}
