import { Cluster } from "ioredis";
import { SHARDS, type ConversationAddress } from "../redis/address.ts";
import type { RedisClient } from "../redis/client.ts";
import type { Beat } from "./roster.ts";

/**
 * Returns the sharded channel (SPUBLISH) of one worker's bells. SPUBLISH returns the number of receivers, which tells
 * whether the worker has received the bell. The worker's name is the hash tag, so the channels of workers are spread
 * over the slots.
 */
export const bellChannel = (worker: string): string => `docrelay:bell:{${worker}}`;
/**
 * Returns the channel of one worker's bells for the conversations of one shard; used in a cluster. It is in the shard's
 * slot. So a bell uses the same connection as the ask for which it is rung, and does not fail because another master is
 * away.
 */
export const shardBellChannel = (worker: string, shard: string): string => `docrelay:bell:{${shard}}:${worker}`;
/** Returns all channels on which a worker hears its bells. */
export const bellChannels = (redis: RedisClient, worker: string): string[] =>
  redis instanceof Cluster ? SHARDS.map((shard) => shardBellChannel(worker, shard)) : [bellChannel(worker)];

/** Tells a worker that the mailbox of a conversation may hold an ask. */
export interface BellMessage {
  readonly conversation: ConversationAddress;
  /** The owner token of the ask at the head of the mailbox, when the owner's worker is gone; see `take`. */
  readonly voided?: string;
  /** How many workers have passed the bell on because they ran as many conversations as they can. */
  readonly hops?: number;
}

const VERSION = "1";
const SHARD = /^s[0-9a-f]{2}$/;
const HASH = /^[A-Za-z0-9_-]{22}$/;
const OWNER = /^[A-Za-z0-9_/-]{0,128}$/;

export function encodeBell({ conversation: { shard, u, c }, voided = "", hops = 0 }: BellMessage): string {
  return [VERSION, shard, u, c, hops, voided].join(" ");
}

/**
 * Parses a bell. Returns undefined for a foreign message or a bell of a later release; the sweeper finds the ask of
 * such a bell.
 */
export function parseBell(message: string): BellMessage | undefined {
  const [version, shard = "", u = "", c = "", hops = "", voided = ""] = message.split(" ");
  if (version !== VERSION || !SHARD.test(shard) || !HASH.test(u) || !HASH.test(c) || !OWNER.test(voided))
    return undefined;
  return {
    conversation: { shard, u, c },
    hops: Math.min(255, Math.abs(Math.trunc(Number(hops)))) || 0,
    ...(voided === "" ? {} : { voided }),
  };
}

const WORKER = /^[A-Za-z0-9_-]{8,64}$/;

/** Parses a beat; undefined for any other message. Fields of a later release are ignored. */
export function parseBeat(message: string): Beat | undefined {
  try {
    const { worker, version, load, capacity, leaving, unfinished } = JSON.parse(message) as Record<string, unknown>;
    if (typeof worker !== "string" || !WORKER.test(worker)) return undefined;
    if (![version, load, capacity].every((value) => typeof value === "number" && value >= 0)) return undefined;
    return {
      worker,
      version: Number(version),
      load: Number(load),
      capacity: Number(capacity),
      ...(leaving === true ? { leaving } : {}),
      ...(typeof unfinished === "number" ? { unfinished } : {}),
    };
  } catch {
    return undefined;
  }
}
