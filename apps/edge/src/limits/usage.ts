import {
  accountAddress,
  askAddress,
  chargeBytes,
  countRunning,
  type Account,
  type Budget,
  type Store,
} from "@docrelay/channel";
import { refuse } from "@docrelay/protocol";
import type { Networks } from "./networks.ts";
import { quotaExceeded } from "./quota-exceeded.ts";
import type { RateLimiter } from "./rate-limit.ts";

/**
 * What users, the networks that anonymous users come from, and tenants have stored and run, over all edges. Each is counted after
 * it was accepted, without a wait, and what an edge learns from that is what it refuses by: so a bound is exceeded by at
 * most what comes to each edge in one moment.
 */
export interface Usage {
  /** @throws Refusal `RATE_LIMITED`, `QUOTA_EXCEEDED`, `BUSY` */
  checkAsk(user: string): void;
  asked(user: string, ask: { conversation: string; id: string; bytes: number }): void;
  /** @throws Refusal `RATE_LIMITED`, `QUOTA_EXCEEDED` */
  checkFile(user: string): void;
  stored(user: string, bytes: number): void;
}

/** Users that together may use as much as some users: those of one network, or of one tenant. */
export interface GroupLimits {
  readonly kind: "network" | "tenant";
  readonly members: Pick<Networks, "of">;
  /** Asks and files of the group, on this edge. */
  readonly askRate: RateLimiter;
  readonly fileRate: RateLimiter;
  /** Most bytes that are kept of their conversations … */
  readonly maxLogBytes: number;
  /** … and most bytes of files that they send, within the retention. */
  readonly maxFileBytes: number;
  /** Most unfinished asks. */
  readonly maxRunning: number;
}

export interface UsageDeps {
  readonly store: Store;
  /** Those that are counted. */
  readonly groups: readonly GroupLimits[];
  /** Most bytes that are kept of the conversations of a user. */
  readonly maxLogBytes: number;
  /** An ask was accepted. */
  onAsked(user: string, bytes: number): void;
  onTrouble(error: unknown): void;
}

/** What an ask and a short answer take in Redis beside the question. */
const ASK_BYTES = 4096;
/** Another edge's view, and an ask that has ended, are seen that soon. */
const LOOK_MS = 1000;
const MOST_REFUSED = 10_000;

export function createUsage(deps: UsageDeps): Usage {
  const { store, groups, onTrouble } = deps;
  /** Accounts that have used a budget, and until when that is known to be so. */
  const over = new Map<string, number>();

  function refuseOver(account: Account, budget: Budget | "running"): void {
    const name = nameOf(account, budget);
    const leftMs = (over.get(name) ?? 0) - Date.now();
    if (leftMs <= 0) return void over.delete(name);
    if (budget === "running") throw refuse("BUSY", { retryAfterMs: leftMs });
    throw quotaExceeded(leftMs);
  }
  function refuseFor(account: Account, budget: Budget | "running", ms: number): void {
    const [oldest] = over.size >= MOST_REFUSED ? over.keys() : [];
    if (oldest !== undefined) over.delete(oldest);
    over.set(nameOf(account, budget), Date.now() + ms);
  }

  function charge(account: Account, budget: Budget, bytes: number, maxBytes: number): void {
    chargeBytes(store, accountAddress(account), { budget, bytes, maxBytes }).then(
      (freeInMs) => freeInMs > 0 && refuseFor(account, budget, freeInMs),
      onTrouble,
    );
  }
  const groupsOf = (user: string): Array<GroupLimits & { account: Account }> =>
    groups.flatMap((group) => {
      const name = group.members.of(user);
      return name === undefined ? [] : [{ ...group, account: { kind: group.kind, name } }];
    });
  const take = (rate: RateLimiter, { name }: Account): void => {
    const waitMs = rate.take(name, Date.now());
    if (waitMs > 0) throw refuse("RATE_LIMITED", { retryAfterMs: waitMs });
  };

  return {
    checkAsk(user) {
      refuseOver({ kind: "user", name: user }, "log");
      for (const { account, askRate } of groupsOf(user)) {
        refuseOver(account, "log");
        refuseOver(account, "running");
        take(askRate, account);
      }
    },
    asked(user, { conversation, id, bytes }) {
      deps.onAsked(user, bytes);
      charge({ kind: "user", name: user }, "log", ASK_BYTES + bytes, deps.maxLogBytes);
      const at = askAddress(user, conversation, id);
      for (const { account, maxLogBytes, maxRunning } of groupsOf(user)) {
        charge(account, "log", ASK_BYTES + bytes, maxLogBytes);
        countRunning(store, accountAddress(account), at, maxRunning).then(
          (count) => count === "full" && refuseFor(account, "running", LOOK_MS),
          onTrouble,
        );
      }
    },
    checkFile(user) {
      for (const { account, fileRate } of groupsOf(user)) {
        refuseOver(account, "files");
        take(fileRate, account);
      }
    },
    stored(user, bytes) {
      for (const { account, maxFileBytes } of groupsOf(user)) charge(account, "files", bytes, maxFileBytes);
    },
  };
}

function nameOf({ kind, name }: Account, budget: string): string {
  return `${kind} ${budget} ${name}`;
}
