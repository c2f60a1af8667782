import { parseQuotaField, readQuotas, UNBOUNDED, type Quotas, type RedisClient } from "@docrelay/channel";
import { hash } from "node:crypto";

/**
 * The quotas that operators have set in Redis. This edge reads them every second, so a change takes effect within
 * seconds.
 */
export interface QuotaSettings extends Disposable {
  readonly quotas: Quotas;
  /** Whether operators have paused the intake: then no new ask or file is accepted. */
  readonly isPaused: boolean;
  /** Reads the settings now. @throws ioredis errors */
  look(): Promise<void>;
}

/**
 * A changed quota, for a log line. `quota` names the quota, with a digest in place of the name of a user or an address.
 * `none`: there is no bound.
 */
export interface QuotaChange {
  readonly quota: string;
  readonly from: number | "none";
  readonly to: number | "none";
}

export interface QuotaSettingsDeps {
  readonly redis: RedisClient;
  readonly everyMs?: number;
  /** Receives what has changed since the previous read; after the first read, all quotas that are set. */
  onChange(changes: readonly QuotaChange[]): void;
  /** Receives whether the intake is paused, whenever that changes. */
  onPause(isPaused: boolean): void;
  /**
   * Receives those fields of the hash `quotas` in Redis that name no known quota and were not there at the previous
   * read.
   */
  onUnknown(fields: readonly string[]): void;
  onTrouble(error: unknown): void;
}

const EVERY_MS = 1000;

export function createQuotaSettings(deps: QuotaSettingsDeps): QuotaSettings {
  let quotas: Quotas = new Map();
  let isPaused = false;
  let known = new Set<string>();
  let looking: Promise<void> | undefined;

  async function read(): Promise<void> {
    const found = await readQuotas(deps.redis);
    const changes = changesOf(quotas, found.quotas);
    const news = found.unknown.filter((field) => !known.has(field));
    quotas = found.quotas;
    if (isPaused !== found.isPaused) deps.onPause(found.isPaused);
    isPaused = found.isPaused;
    known = new Set(found.unknown);
    if (changes.length > 0) deps.onChange(changes);
    if (news.length > 0) deps.onUnknown(news);
  }
  const timer = setInterval(() => {
    // If a read fails, the settings of the last successful read remain in force.
    looking ??= read()
      .catch(deps.onTrouble)
      .finally(() => (looking = undefined));
  }, deps.everyMs ?? EVERY_MS);
  timer.unref();
  return {
    get quotas() {
      return quotas;
    },
    get isPaused() {
      return isPaused;
    },
    look: read,
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function changesOf(before: Quotas, after: Quotas): QuotaChange[] {
  const fields = new Set([...before.keys(), ...after.keys()]);
  return [...fields]
    .filter((field) => before.get(field) !== after.get(field))
    .map((field) => ({ quota: loggedField(field), from: logged(before.get(field)), to: logged(after.get(field)) }));
}

const logged = (most: number | undefined): number | "none" =>
  most === undefined || most === UNBOUNDED ? "none" : most;

/** Returns the name of a quota for a log line, with a digest in place of the name of a user or an address. */
export function loggedField(field: string): string {
  const parsed = parseQuotaField(field);
  if (parsed?.name === undefined || parsed.kind === "tenant") return field;
  return `${field.slice(0, -parsed.name.length)}${hash("sha256", parsed.name, "base64url").slice(0, 22)}`;
}
