import {
  accountAddress,
  countUsed,
  DAY_COUNTS,
  quotaField,
  quotaFieldOfAll,
  readUsed,
  UNBOUNDED,
  type Account,
  type DayCount,
  type Store,
  type Used,
  type UserAddress,
} from "@docrelay/channel";
import type { HttpUsage } from "@docrelay/protocol";
import type { Networks } from "../limits/networks.ts";
import { quotaExceeded } from "../limits/quota-exceeded.ts";
import type { QuotaSettings } from "./quota-settings.ts";

/**
 * What users, networks and tenants may use a day. Asks of a user are counted and bounded by the step that accepts them; all else
 * is counted after it was accepted and looked at before, so that it is exceeded by at most what comes in one moment.
 * Nothing is read from Redis for a user whom no quota bounds.
 */
export interface Quotas {
  /** Most asks of the user a day, for `accept`; `over` when no further one would be accepted, also since the tokens are used up. */
  asks(user: string): Promise<{ maxAsks: number | undefined; over?: Over }>;
  /** An ask was accepted, and counted for its user. */
  asked(user: string): void;
  /** Whether the user may not send a file of this size today. */
  overByFile(user: string, bytes: number): Promise<Over | undefined>;
  /** A file was sent. */
  stored(user: string, bytes: number): void;
  /** The accounts besides the user's own that are charged for the user's pages or tokens: tenant and network. */
  chargedFor(count: "pages" | "tokens", user: string): UserAddress[];
  /** What the user, and the groups that a quota bounds, may use and have used. */
  read(user: string): Promise<HttpUsage>;
  isBounded(user: string): boolean;
  /** Operators let no new ask or file in. */
  readonly isPaused: boolean;
}

/** A quota that is used up. */
export interface Over {
  readonly account: Account;
  readonly count: DayCount;
  readonly most: number;
  readonly endsInMs: number;
}

export interface QuotasDeps {
  readonly store: Store;
  readonly settings: Pick<QuotaSettings, "quotas" | "isPaused">;
  readonly networks: Pick<Networks, "of">;
  readonly tenants: Pick<Networks, "of">;
  onTrouble(error: unknown): void;
}

type Limits = Partial<Record<DayCount, number>>;
interface Bounded {
  readonly account: Account;
  readonly limits: Limits;
}

export function createQuotas(deps: QuotasDeps): Quotas {
  const { store, settings, onTrouble } = deps;
  const count = (account: Account, field: DayCount, n: number): void =>
    void countUsed(store, accountAddress(account), field, n).catch(onTrouble);
  const countForGroups = (user: string, field: DayCount, n: number): void => {
    for (const { account } of bounded(deps, user, [field])) if (account.kind !== "user") count(account, field, n);
  };

  return {
    async asks(user) {
      const accounts = bounded(deps, user, ["asks", "tokens"]);
      if (accounts.length === 0) return { maxAsks: undefined };
      // What an answer costs is known at its end: the last one is answered whole.
      const used = await over(store, accounts, { asks: 1, tokens: 1 });
      const own = accounts.find(({ account }) => account.kind === "user")?.limits.asks;
      return used ? { maxAsks: 0, over: used } : { maxAsks: own };
    },
    asked: (user) => countForGroups(user, "asks", 1),
    async overByFile(user, bytes) {
      const accounts = bounded(deps, user, ["bytes", "pages"]);
      // How many pages a file has is known when it was read: the last one is read whole.
      return accounts.length === 0 ? undefined : over(store, accounts, { bytes, pages: 1 });
    },
    stored(user, bytes) {
      count({ kind: "user", name: user }, "bytes", bytes);
      countForGroups(user, "bytes", bytes);
    },
    chargedFor: (of, user) =>
      bounded(deps, user, [of]).flatMap(({ account }) => (account.kind === "user" ? [] : [accountAddress(account)])),
    read: (user) => readUsage(deps, user),
    get isPaused() {
      return settings.isPaused;
    },
    isBounded: (user) => bounded(deps, user, DAY_COUNTS).some(({ account }) => account.kind === "user"),
  };
}

function limitsOf({ quotas }: QuotasDeps["settings"], account: Account): Limits {
  const limits: Limits = {};
  for (const count of DAY_COUNTS) {
    const most = quotas.get(quotaField(count, account)) ?? quotas.get(quotaFieldOfAll(count, account.kind));
    if (most !== undefined && most !== UNBOUNDED) limits[count] = most;
  }
  return limits;
}

/** The tenant and the network of a user. */
function groupsOf({ tenants, networks }: QuotasDeps, user: string): Account[] {
  const [tenant, network] = [tenants.of(user), networks.of(user)];
  return [
    ...(tenant === undefined ? [] : [{ kind: "tenant", name: tenant } as const]),
    ...(network === undefined ? [] : [{ kind: "network", name: network } as const]),
  ];
}

/** The accounts of a user that have a quota of one of these. */
function bounded(deps: QuotasDeps, user: string, counts: readonly DayCount[]): Bounded[] {
  const { settings } = deps;
  if (settings.quotas.size === 0) return [];
  const all = [{ kind: "user", name: user } as const, ...groupsOf(deps, user)];
  return all
    .map((account) => ({ account, limits: limitsOf(settings, account) }))
    .filter(({ limits }) => counts.some((count) => limits[count] !== undefined));
}

/** What the user, and the groups that a quota bounds, may use and have used. */
async function readUsage(deps: QuotasDeps, user: string): Promise<HttpUsage> {
  const account = { kind: "user", name: user } as const;
  const own = { account, limits: limitsOf(deps.settings, account) };
  const groups = bounded(deps, user, DAY_COUNTS).filter(({ account }) => account.kind !== "user");
  const all = [own, ...groups];
  const { used, endsInMs } = await readUsed(
    deps.store,
    all.map(({ account }) => accountAddress(account)),
  );
  const of = (index: number): { limits: Limits; used: Used } => ({
    limits: all[index]?.limits ?? {},
    used: used[index] ?? { asks: 0, bytes: 0, pages: 0, tokens: 0 },
  });
  const ofKind = (kind: Account["kind"]): { limits: Limits; used: Used } | undefined => {
    const index = all.findIndex(({ account }) => account.kind === kind);
    return index < 0 ? undefined : of(index);
  };
  const [tenant, address] = [ofKind("tenant"), ofKind("network")];
  return { ...of(0), resetAt: Date.now() + endsInMs, ...(tenant && { tenant }), ...(address && { address }) };
}

/** The first account that would use more than its quota with `more`. */
async function over(store: Store, accounts: readonly Bounded[], more: Limits): Promise<Over | undefined> {
  const { used, endsInMs } = await readUsed(
    store,
    accounts.map(({ account }) => accountAddress(account)),
  );
  for (const [index, { account, limits }] of accounts.entries()) {
    for (const count of DAY_COUNTS) {
      const [most, add] = [limits[count], more[count]];
      if (most === undefined || add === undefined) continue;
      if ((used[index]?.[count] ?? 0) + add > most) return { account, count, most, endsInMs };
    }
  }
  return undefined;
}

const NOUNS = { asks: "questions", bytes: "bytes of files", pages: "pages of files", tokens: "tokens" } as const;
const WHOSE = {
  user: "",
  tenant: " by your organisation together",
  network: " from your address together",
} as const;

/** Tells people which quota is used up. */
export function dayQuotaExceeded({ account, count, most, endsInMs }: Over): Error {
  const bound = `Today's quota of ${most} ${NOUNS[count]}${WHOSE[account.kind]} is used up.`;
  return quotaExceeded(endsInMs, `${bound} It begins anew at midnight, in UTC.`, "day");
}
