import {
  accountAddress,
  askAddress,
  chargeBytes,
  countAsks,
  FIRST_CHUNK_MS,
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
 * Bounds what users, tenants and networks store and run on all edges together; the counts are in Redis. `accept` counts
 * an ask for its user while it stores the ask. For tenants and networks, asks and files are counted afterwards, and
 * nothing waits for that. The reply to such a count says whether a bound is reached; from then on this edge refuses,
 * for tenants and networks without a request to Redis. So a bound may be exceeded by what arrives at each edge within a
 * tenth of a second.
 */
export interface Usage {
  /**
   * Must be called before an ask is accepted: checks the limits of the user, the network and the tenant. `bytes`: the
   * size of the question. If this edge has seen that the user keeps too many bytes, it reads them again, because the
   * user may have removed all data since, perhaps through another edge. @throws Refusal `RATE_LIMITED`,
   * `QUOTA_EXCEEDED`, `BUSY`; ioredis errors
   */
  checkAsk(user: string, bytes: number): Promise<void>;
  /**
   * Returns what `accept` counts for the user of an ask: how many bytes the ask keeps in Redis, and how many bytes all
   * asks of the user may keep. @param bytes the size of the question
   */
  keptOf(bytes: number): { readonly bytes: number; readonly maxBytes: number };
  /**
   * Must be called when an ask was accepted: counts it for the user's network and tenant. `overMs`: for how many ms the
   * user is over the bound of kept bytes, and further asks of the user are refused unless the user removes all data;
   * undefined if the user is not over it.
   */
  asked(user: string, ask: { conversation: string; id: string; bytes: number; overMs: number | undefined }): void;
  /**
   * Must be called before files are begun: checks whether the user's network and tenant may send this many more files,
   * by default one. @throws Refusal `RATE_LIMITED`, `QUOTA_EXCEEDED`
   */
  checkFiles(user: string, count?: number): void;
  /**
   * Must be called before files are complete, because they are extracted then: checks the rate of extractions of the
   * user's network and tenant. `count`: how many files, by default one. @throws Refusal `BUSY`
   */
  checkExtractions(user: string, count?: number): void;
  /**
   * Must be called before more bytes of a file are stored: checks whether the user's network or tenant has used up the
   * bytes that it may send. @throws Refusal `QUOTA_EXCEEDED`
   */
  checkBytes(user: string): void;
  /** Counts bytes of a file for the user's network and tenant. */
  stored(user: string, bytes: number): void;
  /**
   * Counts an upload that has begun, by its blob ref, for as long as the upload waits for its first chunk. @throws
   * Refusal `BUSY` if the user's network or tenant has too many unfinished uploads.
   */
  beginUpload(user: string, ref: string): void;
  /**
   * Must be called when a chunk of the upload was stored: the upload counts for `IDLE_UPLOAD_MS` from then on, also if it
   * was begun through another edge.
   */
  renewUpload(user: string, ref: string): void;
  /** Must be called when the upload is complete or was dropped: it no longer counts. */
  endUpload(ref: string): void;
}

/** The limits of the users of one network, or of one tenant, together: as much as several single users may use. */
export interface GroupLimits {
  readonly kind: "network" | "tenant";
  readonly members: Pick<Networks, "of">;
  /** Limits how many asks the group may send to this edge; `fileRate` limits how many files. */
  readonly askRate: RateLimiter;
  readonly fileRate: RateLimiter;
  /** Limits for how many files of the group this edge may cause extractions. */
  readonly extractRate: RateLimiter;
  /** The most bytes of the group's questions that are kept within `RETENTION_MS`. */
  readonly maxLogBytes: number;
  /** The most bytes of files that the group may send within `RETENTION_MS`. */
  readonly maxFileBytes: number;
  /** The most unfinished asks of the group, on all edges. */
  readonly maxRunning: number;
  /** The most unfinished uploads of the group, on this edge. */
  readonly maxUploads: number;
}

interface CountedGroup extends GroupLimits {
  readonly account: Account;
}

export interface UsageDeps {
  readonly store: Store;
  /** The groups of users whose use is counted and limited. */
  readonly groups: readonly GroupLimits[];
  /** The most bytes of one user's questions that are kept within `RETENTION_MS`. */
  readonly maxLogBytes: number;
  onAsked(user: string, bytes: number): void;
  onTrouble(error: unknown): void;
}

/** An estimate of the bytes that an ask and a short answer use in Redis, without the question. */
const ASK_BYTES = 4096;
/**
 * Each ask takes one token of its group's rate, and one more for each of this many bytes of its question: 300 questions
 * of 96 kB at once made all users' answers ten times slower on two cores.
 */
const BYTES_PER_TOKEN = 8192;
/** How long a group with too many unfinished asks is refused before the number of its unfinished asks is read again. */
const LOOK_MS = 1000;
/**
 * The accepted asks of a group within this time are counted by one script. Each ask runs three scripts in Redis
 * already; counting each ask alone would need a fourth one, of six commands.
 */
const GATHER_MS = 100;
const MAX_REFUSED = 10_000;
/** The `retryAfterMs` for a group with too many unfinished uploads: by then one of them may have ended. */
const UPLOADS_RETRY_MS = 5000;

export function createUsage(deps: UsageDeps): Usage {
  const { store, groups, onTrouble } = deps;
  const over = createUsedUp();
  const uploads = createUnfinished({ beginMs: FIRST_CHUNK_MS, keepMs: IDLE_UPLOAD_MS });
  const accepted = countGathered(deps, over);

  return {
    async checkAsk(user, bytes) {
      const own = { kind: "user", name: user } as const;
      if (over.leftMs(own, "log") > 0) over.add(own, "log", await keptOverMs(deps, own));
      over.check(own, "log");
      for (const { account, askRate } of groupsOf(groups, user)) {
        over.check(account, "log");
        over.check(account, "running");
        take(askRate, account, { cost: 1 + Math.floor(bytes / BYTES_PER_TOKEN) });
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
    checkFiles(user, cost) {
      for (const { account, fileRate } of groupsOf(groups, user)) {
        over.check(account, "files");
        take(fileRate, account, { cost });
      }
    },
    checkExtractions(user, cost) {
      for (const { account, extractRate } of groupsOf(groups, user)) take(extractRate, account, { cost, code: "BUSY" });
    },
    checkBytes(user) {
      for (const { account } of groupsOf(groups, user)) over.check(account, "files");
    },
    beginUpload(user, ref) {
      for (const { account, maxUploads } of groupsOf(groups, user)) {
        if (uploads.begin(nameOf(account, "uploads"), ref, maxUploads)) continue;
        uploads.end(ref);
        throw refuse("BUSY", { retryAfterMs: UPLOADS_RETRY_MS });
      }
    },
    renewUpload(user, ref) {
      for (const { account } of groupsOf(groups, user)) uploads.renew(nameOf(account, "uploads"), ref);
    },
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

/** Returns in how many ms the account keeps few enough bytes of asks; 0 if it does now. */
function keptOverMs({ store, maxLogBytes: maxBytes }: UsageDeps, account: Account): Promise<number> {
  return chargeBytes(store, accountAddress(account), { budget: "log", bytes: 0, maxBytes });
}

/** Returns the user's tenant and network, as far as they are known, with their limits. */
function groupsOf(groups: readonly GroupLimits[], user: string): CountedGroup[] {
  return groups.flatMap((group) => {
    const name = group.members.of(user);
    return name === undefined ? [] : [{ ...group, account: { kind: group.kind, name } }];
  });
}

function take(
  rate: RateLimiter,
  { name }: Account,
  { cost, code = "RATE_LIMITED" }: { cost?: number | undefined; code?: "RATE_LIMITED" | "BUSY" } = {},
): void {
  const waitMs = rate.take(name, performance.now(), cost);
  if (waitMs > 0) throw refuse(code, { retryAfterMs: waitMs });
}

/** Which accounts (users, tenants, networks) have used up a budget, and until when. */
interface UsedUp {
  /** @throws Refusal if the account has used up the budget */
  check(account: Account, budget: Budget | "running"): void;
  /** Returns for how many ms the account is refused; 0 if it is not. */
  leftMs(account: Account, budget: Budget | "running"): number;
  add(account: Account, budget: Budget | "running", ms: number): void;
}

function createUsedUp(): UsedUp {
  const until = new Map<string, number>();
  const leftMsOf = (name: string): number => Math.max(0, (until.get(name) ?? 0) - performance.now());
  return {
    leftMs: (account, budget) => leftMsOf(nameOf(account, budget)),
    check(account, budget) {
      const name = nameOf(account, budget);
      const leftMs = leftMsOf(name);
      if (leftMs === 0) return void until.delete(name);
      if (budget === "running") throw refuse("BUSY", { retryAfterMs: leftMs });
      throw quotaExceeded(leftMs);
    },
    add(account, budget, ms) {
      const [oldest] = until.size >= MAX_REFUSED ? until.keys() : [];
      if (oldest !== undefined) until.delete(oldest);
      until.set(nameOf(account, budget), performance.now() + ms);
    },
  };
}

interface AcceptedAsk {
  readonly group: CountedGroup;
  readonly at: AskAddress;
  readonly bytes: number;
}

/** Counts accepted asks for their groups; the asks of one group within `GATHER_MS` are counted together. */
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
