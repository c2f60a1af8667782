import { eventually } from "@docrelay/testkit";
import { Redis } from "ioredis";
import type { History } from "../history.ts";

/** Matches keys of unfinished work, none of which may exist when all asks have ended. */
const UNFINISHED =
  /^(?:\{s[0-9a-f]{2}\}:due|\{s[0-9a-f]{2}\}:[\w-]+:(?:live|mail)|\{bull\}:extract:(?:wait|active|delayed|paused|prioritized|failed|completed|stalled)|wait:.*|pw:.*)$/;
/** Matches the keys of extraction jobs, which must be gone as well: the queue keeps no finished job. */
const JOB = /^\{bull\}:extract:(?:\d+|[\w-]{32})$/;
/** Matches the last part of those keys that may exist as long as a user's conversations are kept. */
const OF_USERS =
  "convs|extracting|files|links|kept-\\w+|log|meta|places|running|share|share-until|unfinished|used|(?:ask|up):[\\w-]+";
const KEPT = new RegExp(
  `^(?:\\{s[0-9a-f]{2}\\}:[\\w-]+:(?:${OF_USERS})|(?:text|same|uses|gone|blob|retain|link|secret|edge|\\{blobs\\}|\\{bull\\}):.*|extract:profile)$`,
);

/** Returns keys that should no longer exist, and keys with unknown names. */
export async function findLeftovers(url: string): Promise<string[]> {
  const redis = new Redis(url);
  try {
    const left: string[] = [];
    let cursor = "0";
    do {
      const [next, keys] = await redis.scan(cursor, "COUNT", 1000);
      cursor = next;
      for (const key of keys) {
        if (UNFINISHED.test(key) || JOB.test(key)) left.push(key);
        else if (!KEPT.test(key)) left.push(`unknown ${key}`);
        else if ((await redis.ttl(key)) === -1 && !isForEver(key)) left.push(`${key} (for ever)`);
      }
    } while (cursor !== "0");
    return left;
  } finally {
    redis.disconnect();
  }
}

/** Whether a key belongs to the whole deployment and not to a user, so that it need not expire. */
function isForEver(key: string): boolean {
  return /^(?:\{blobs\}|\{bull\}|secret:|extract:profile)/.test(key);
}

/**
 * How many ms to wait for the removal of the keys that should no longer exist. The longest wait is for the job of a
 * worker that lost Redis: the job is retried only after its lock has expired, and is removed after that.
 */
const PATIENCE_MS = 12_000;

/** Records the keys that still exist after the time in which they should have been removed. */
export async function recordLeftovers(url: string, history: History, patienceMs = PATIENCE_MS): Promise<void> {
  let left: string[] = [];
  const isClean = async (): Promise<boolean> => {
    left = await findLeftovers(url);
    return left.length === 0;
  };
  await eventually(isClean, { timeoutMs: patienceMs, everyMs: 200 }).catch(() => undefined);
  for (const key of left) history.add({ kind: "leftover", key });
}
