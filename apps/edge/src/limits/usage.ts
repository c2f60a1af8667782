import {
  accountAddress,
  askAddress,
  chargeBytes,
  countAsks,
  IDLE_UPLOAD_MS,
  MAX_COUNTED,
  type Account,
  type AskAddress,
  type Budget,
  type Store,
} from "@docrelay/channel";
import { refuse } from "@docrelay/protocol";
import { createGathering, type Gathering } from "./gathering.ts";
import type { Networks } from "./networks.ts";
import { quotaExceeded } from "./quota-exceeded.ts";
import type { RateLimiter } from "./rate-limit.ts";
import { createUnfinished } from "./unfinished.ts";

/**
 * What users, the networks that anonymous users come from, and tenants have stored and run, over all edges. An ask is counted for
 * its user by the step that accepts it; for the others, and a file, after it was accepted, without a wait. What an edge learns from
 * that is what it refuses by: so a bound is exceeded by at most what comes to each edge in a tenth of a second.
 */
export interface Usage {
  /** @throws Refusal `RATE_LIMITED`, `QUOTA_EXCEEDED`, `BUSY` */
  checkAsk(user: string, bytes: number): void;
  /** What the step that accepts an ask with so many bytes counts for its user. */
  keptOf(bytes: number): { readonly bytes: number; readonly maxBytes: number };
  /** `overMs`: what that step has returned. */
  asked(user: string, ask: { conversation: string; id: string; bytes: number; overMs: number | undefined }): void;
  /** @throws Refusal `RATE_LIMITED`, `QUOTA_EXCEEDED` */
  checkFile(user: string): void;
  /** Call it before bytes of a file that was begun are stored. @throws Refusal `QUOTA_EXCEEDED` */
  checkBytes(user: string): void;
  stored(user: string, bytes: number): void;
  /** Counts an upload that has begun, by its `ref`. @throws Refusal `BUSY`: the groups of its user have too many. */
  beginUpload(user: string, ref: string): void;
  /** A chunk of it was stored. */
  renewUpload(ref: string): void;
  /** The upload is complete, or was dropped. */
  endUpload(ref: string): void;
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
  /** Most unfinished uploads, on this edge. */
  readonly maxUploads: number;
}

interface CountedGroup extends GroupLimits {
  readonly account: Account;
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
/**
 * Of the rate of a group, a long question takes as much as several: 300 of 96 kB at once made everybody's answers on two
 * cores take ten times as long.
 */
const BYTES_PER_TOKEN = 8192;
/** Another edge's view, and an ask that has ended, are seen that soon. */
const LOOK_MS = 1000;
/** Asks of a group within this time are counted by one script: one for each would be a fourth script, of six commands, for an ask. */
const GATHER_MS = 100;
const MAX_REFUSED = 10_000;
/** An upload of the group may end before it expires. */
const UPLOADS_RETRY_MS = 5000;

export function createUsage(deps: UsageDeps): Usage {
  const { store, groups, onTrouble } = deps;
  const over = createUsedUp();
  const uploads = createUnfinished(IDLE_UPLOAD_MS);
  const accepted = countGathered(deps, over);

  return {
    checkAsk(user, bytes) {
      over.check({ kind: "user", name: user }, "log");
      for (const { account, askRate } of groupsOf(groups, user)) {
        over.check(account, "log");
        over.check(account, "running");
        take(askRate, account, 1 + Math.floor(bytes / BYTES_PER_TOKEN));
      }
    },
    keptOf: (bytes) => ({ bytes: ASK_BYTES + bytes, maxBytes: deps.maxLogBytes }),
    asked(user, { conversation, id, bytes, overMs }) {
      deps.onAsked(user, bytes);
      if (overMs !== undefined) over.add({ kind: "user", name: user }, "log", overMs);
      for (const group of groupsOf(groups, user)) {
        const at = askAddress(user, conversation, id);
        accepted.add(nameOf(group.account, "running"), { group, at, bytes: ASK_BYTES + bytes });
      }
    },
    checkFile(user) {
      for (const { account, fileRate } of groupsOf(groups, user)) {
        over.check(account, "files");
        take(fileRate, account);
      }
    },
    checkBytes(user) {
      for (const { account } of groupsOf(groups, user)) over.check(account, "files");
    },
    beginUpload(user, ref) {
      for (const { account, maxUploads } of groupsOf(groups, user)) {
        if (uploads.begin(`${account.kind} ${account.name}`, ref, maxUploads)) continue;
        uploads.end(ref);
        throw refuse("BUSY", { retryAfterMs: UPLOADS_RETRY_MS });
      }
    },
    renewUpload: uploads.renew,
    endUpload: uploads.end,
    stored(user, bytes) {
      for (const { account, maxFileBytes: maxBytes } of groupsOf(groups, user)) {
        chargeBytes(store, accountAddress(account), { budget: "files", bytes, maxBytes }).then(
          (freeInMs) => freeInMs > 0 && over.add(account, "files", freeInMs),
          onTrouble,
        );
      }
    },
  };
}

/** The groups that a user belongs to. */
function groupsOf(groups: readonly GroupLimits[], user: string): CountedGroup[] {
  return groups.flatMap((group) => {
    const name = group.members.of(user);
    return name === undefined ? [] : [{ ...group, account: { kind: group.kind, name } }];
  });
}

function take(rate: RateLimiter, { name }: Account, cost = 1): void {
  const waitMs = rate.take(name, Date.now(), cost);
  if (waitMs > 0) throw refuse("RATE_LIMITED", { retryAfterMs: waitMs });
}

/** Accounts that have used a budget, and until when that is known to be so. */
interface UsedUp {
  /** @throws Refusal */
  check(account: Account, budget: Budget | "running"): void;
  add(account: Account, budget: Budget | "running", ms: number): void;
}

function createUsedUp(): UsedUp {
  const until = new Map<string, number>();
  return {
    check(account, budget) {
      const name = nameOf(account, budget);
      const leftMs = (until.get(name) ?? 0) - Date.now();
      if (leftMs <= 0) return void until.delete(name);
      if (budget === "running") throw refuse("BUSY", { retryAfterMs: leftMs });
      throw quotaExceeded(leftMs);
    },
    add(account, budget, ms) {
      const [oldest] = until.size >= MAX_REFUSED ? until.keys() : [];
      if (oldest !== undefined) until.delete(oldest);
      until.set(nameOf(account, budget), Date.now() + ms);
    },
  };
}

interface AcceptedAsk {
  readonly group: CountedGroup;
  readonly at: AskAddress;
  readonly bytes: number;
}

/** Counts the asks of a group that were accepted within a short time, together. */
function countGathered({ store, onTrouble }: UsageDeps, over: UsedUp): Gathering<AcceptedAsk> {
  return createGathering<AcceptedAsk>({
    withinMs: GATHER_MS,
    most: MAX_COUNTED,
    emit([first, ...others]) {
      const { account, maxLogBytes, maxRunning } = first.group;
      const all = [first, ...others];
      const bytes = all.reduce((sum, one) => sum + one.bytes, 0);
      const asks = all.map(({ at }) => at);
      const counts = { bytes, maxBytes: maxLogBytes, maxRunning };
      countAsks(store, accountAddress(account), asks, counts).then((counted) => {
        if (counted.overMs > 0) over.add(account, "log", counted.overMs);
        if (counted.isFull) over.add(account, "running", LOOK_MS);
      }, onTrouble);
    },
  });
}

function nameOf({ kind, name }: Account, budget: string): string {
  return `${kind} ${budget} ${name}`;
}
