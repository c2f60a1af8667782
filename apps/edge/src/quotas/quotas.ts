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
 * Daily quotas of users, networks and tenants. `accept` counts an ask for its user, and refuses the ask if the user's
 * quota of asks is used up. Everything else is checked before the acceptance and counted after it, so that a quota may
 * be exceeded by what arrives between the check and the count. Asks and files of a user without any quota cause no read
 * from Redis.
 */
export interface Quotas {
  /**
   * Returns how many asks the user may send today, for `accept`; `maxAsks` is undefined if any number. If a quota of
   * the user, the network or the tenant allows no further ask, `maxAsks` is 0, and `over` is that quota.
   */
  asks(user: string): Promise<{ maxAsks: number | undefined; over?: Over }>;
  /**
   * Must be called when an ask was accepted: counts it for the user's network and tenant. `accept` has counted it for
   * the user.
   */
  asked(user: string): void;
  /** Returns the quota that a file of this size would exceed today; undefined if the user may send the file. */
  overByFile(user: string, bytes: number): Promise<Over | undefined>;
  /** Counts a stored file for the user, the network and the tenant. */
  stored(user: string, bytes: number): void;
  /**
   * Returns the accounts for which the user's pages or tokens are counted besides the user: the tenant and the network,
   * each only if it has such a quota.
   */
  chargedFor(count: "pages" | "tokens", user: string): UserAddress[];
  /** Returns the quotas of the user and of the user's network and tenant, and how much of each is used today. */
  read(user: string): Promise<HttpUsage>;
  /** Whether the user has a quota of any kind. The quotas of the user's network and tenant do not count here. */
  isBounded(user: string): boolean;
  /** Whether operators have paused the intake: then no new ask or file is accepted. */
  readonly isPaused: boolean;
}

/**
 * A daily quota that is used up: today `account` may use no more of `count` than `most`. The day ends in `endsInMs`.
 */
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
      // The tokens of an answer are known only at its end. So an ask is accepted if one token is left, and its answer
      // may exceed the quota.
      const used = await over(store, accounts, { asks: 1, tokens: 1 });
      const own = accounts.find(({ account }) => account.kind === "user")?.limits.asks;
      return used ? { maxAsks: 0, over: used } : { maxAsks: own };
    },
    asked: (user) => countForGroups(user, "asks", 1),
    async overByFile(user, bytes) {
      const accounts = bounded(deps, user, ["bytes", "pages"]);
      // The pages of a file are known only when it was extracted. So a file is accepted if one page is left, and its
      // pages may exceed the quota.
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

/** Returns the accounts of the user's tenant and of the user's network; a user may have only one of them, or none. */
function groupsOf({ tenants, networks }: QuotasDeps, user: string): Account[] {
  const [tenant, network] = [tenants.of(user), networks.of(user)];
  return [
    ...(tenant === undefined ? [] : [{ kind: "tenant", name: tenant } as const]),
    ...(network === undefined ? [] : [{ kind: "network", name: network } as const]),
  ];
}

/** Returns those accounts of the user, the tenant and the network that have a quota for one of these counts. */
function bounded(deps: QuotasDeps, user: string, counts: readonly DayCount[]): Bounded[] {
  const { settings } = deps;
  if (settings.quotas.size === 0) return [];
  const all = [{ kind: "user", name: user } as const, ...groupsOf(deps, user)];
  return all
    .map((account) => ({ account, limits: limitsOf(settings, account) }))
    .filter(({ limits }) => counts.some((count) => limits[count] !== undefined));
}

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

/** Returns the first quota that would be exceeded by using `more`; undefined if there is none. */
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

/** Returns the refusal for a daily quota that is used up; the message of the refusal names the quota. */
export function dayQuotaExceeded({ account, count, most, endsInMs }: Over): Error {
  const bound = `Today's quota of ${most} ${NOUNS[count]}${WHOSE[account.kind]} is used up.`;
  return quotaExceeded(endsInMs, `${bound} It begins anew at midnight, in UTC.`, "day");
}
