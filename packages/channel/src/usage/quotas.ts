import type { RedisClient } from "../redis/client.ts";
import { KEYS } from "../redis/keys.ts";
import { DAY_COUNTS, type DayCount } from "./day.ts";
import type { Account } from "./usage.ts";

/** The daily quotas by field, such as `asks:user:ann`; see {@link parseQuotaField}. */
export type Quotas = ReadonlyMap<string, number>;

export interface QuotaField {
  readonly count: DayCount;
  readonly kind: Account["kind"];
  /** The account's name. If undefined, the quota is for all accounts of this kind that have no quota of their own. */
  readonly name: string | undefined;
}

/** The quota of an account that has no limit although other accounts of its kind have one. */
export const UNBOUNDED = Number.POSITIVE_INFINITY;
const NO_BOUND = "none";
const KINDS = { user: "user", tenant: "tenant", address: "network" } as const;
const WORDS = { user: "user", tenant: "tenant", network: "address" } as const;

/**
 * Parses a field: `asks`, `bytes:user:ann`, `pages:tenant`, `asks:address:192.0.2.7` … Undefined for any other text.
 */
export function parseQuotaField(field: string): QuotaField | undefined {
  const [, count, kind = "user", name] = /^(\w+)(?::(user|tenant|address)(?::(.{1,256}))?)?$/su.exec(field) ?? [];
  const known = DAY_COUNTS.find((one) => one === count);
  return known && { count: known, kind: KINDS[kind as keyof typeof KINDS], name };
}

export function quotaField(count: DayCount, { kind, name }: Account): string {
  return `${count}:${WORDS[kind]}:${name}`;
}
/** Returns the field of the quota for all accounts of a kind that have no field of their own. */
export function quotaFieldOfAll(count: DayCount, kind: Account["kind"]): string {
  return kind === "user" ? count : `${count}:${WORDS[kind]}`;
}

/** Parses a quota: a whole number, or `none` for no limit; undefined for any other text. */
export function parseQuota(value: string): number | undefined {
  if (value === NO_BOUND) return UNBOUNDED;
  return /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

/** This field is no quota. With the value `paused`, edges accept no new ask or file. */
const INTAKE = "intake";
const PAUSED = "paused";

/**
 * Returns the stored quotas, and the fields that this release does not know. `isPaused`: edges accept no new ask or
 * file.
 */
export async function readQuotas(
  redis: RedisClient,
): Promise<{ quotas: Quotas; isPaused: boolean; unknown: string[] }> {
  const quotas = new Map<string, number>();
  const unknown: string[] = [];
  const { [INTAKE]: intake, ...fields } = await redis.hgetall(KEYS.quotas.pattern);
  for (const [field, value] of Object.entries(fields)) {
    const parsed = parseQuotaField(field);
    const most = parseQuota(value);
    if (!parsed || most === undefined) unknown.push(field);
    else if (parsed.kind === "user" && parsed.name === undefined) quotas.set(parsed.count, most);
    else quotas.set(field, most);
  }
  return { quotas, isPaused: intake === PAUSED, unknown };
}

/** Sets a quota; with the value undefined, removes it. Edges learn of it within seconds. Idempotent. */
export async function writeQuota(redis: RedisClient, field: string, value: number | undefined): Promise<void> {
  const key = KEYS.quotas.pattern;
  if (value === undefined) await redis.hdel(key, field);
  else await redis.hset(key, field, value === UNBOUNDED ? NO_BOUND : value);
}

/** Pauses or resumes the acceptance of new asks and files on all edges. Idempotent. */
export async function pauseIntake(redis: RedisClient, isPaused: boolean): Promise<void> {
  if (isPaused) await redis.hset(KEYS.quotas.pattern, INTAKE, PAUSED);
  else await redis.hdel(KEYS.quotas.pattern, INTAKE);
}
