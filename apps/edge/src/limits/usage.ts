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
import type { RateLimiter } from "./rate-limit.ts";

/**
 * What users, and the networks that anonymous users come from, have stored and run, over all edges. Each is counted after
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

export interface UsageDeps {
  readonly store: Store;
  /** Undefined: networks are not counted. */
  readonly networks: Networks | undefined;
  /** Asks and files of a network, on this edge. */
  readonly askRate: RateLimiter;
  readonly fileRate: RateLimiter;
  /** Most bytes that are kept of the conversations of a user, and of those of a network … */
  readonly maxLogBytes: Readonly<Record<Account["kind"], number>>;
  /** … and most bytes of files that a network sends, within the retention. */
  readonly maxFileBytes: number;
  /** Most unfinished asks of a network. */
  readonly maxRunning: number;
  onTrouble(error: unknown): void;
}

/** What an ask and a short answer take in Redis beside the question. */
const ASK_BYTES = 4096;
/** Another edge's view, and an ask that has ended, are seen that soon. */
const LOOK_MS = 1000;
const MOST_REFUSED = 10_000;

export function createUsage(deps: UsageDeps): Usage {
  const { store, networks, onTrouble } = deps;
  /** Accounts that have used a budget, and until when that is known to be so. */
  const over = new Map<string, number>();

  function refuseOver(account: Account, budget: Budget | "running"): void {
    const name = nameOf(account, budget);
    const leftMs = (over.get(name) ?? 0) - Date.now();
    if (leftMs <= 0) return void over.delete(name);
    if (budget === "running") throw refuse("BUSY", { retryAfterMs: leftMs });
    throw refuse("QUOTA_EXCEEDED", { retryAfterMs: leftMs });
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
  const networkOf = (user: string): Account | undefined => {
    const name = networks?.of(user);
    return name === undefined ? undefined : { kind: "network", name };
  };
  const take = (rate: RateLimiter, { name }: Account): void => {
    const waitMs = rate.take(name, Date.now());
    if (waitMs > 0) throw refuse("RATE_LIMITED", { retryAfterMs: waitMs });
  };

  return {
    checkAsk(user) {
      refuseOver({ kind: "user", name: user }, "log");
      const network = networkOf(user);
      if (!network) return;
      refuseOver(network, "log");
      refuseOver(network, "running");
      take(deps.askRate, network);
    },
    asked(user, { conversation, id, bytes }) {
      charge({ kind: "user", name: user }, "log", ASK_BYTES + bytes, deps.maxLogBytes.user);
      const network = networkOf(user);
      if (!network) return;
      charge(network, "log", ASK_BYTES + bytes, deps.maxLogBytes.network);
      const at = askAddress(user, conversation, id);
      countRunning(store, accountAddress(network), at, deps.maxRunning).then(
        (count) => count === "full" && refuseFor(network, "running", LOOK_MS),
        onTrouble,
      );
    },
    checkFile(user) {
      const network = networkOf(user);
      if (!network) return;
      refuseOver(network, "files");
      take(deps.fileRate, network);
    },
    stored(user, bytes) {
      const network = networkOf(user);
      if (network) charge(network, "files", bytes, deps.maxFileBytes);
    },
  };
}

function nameOf({ kind, name }: Account, budget: string): string {
  return `${kind} ${budget} ${name}`;
}
