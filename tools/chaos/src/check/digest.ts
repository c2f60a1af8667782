import type { Event } from "@docrelay/protocol";
import { createHash } from "node:crypto";
import type { Shown } from "../history.ts";

/** Returns an event as a history entry has it: its position, and a digest of its whole content. */
export function shownOf(event: Event): Shown {
  const { seq, nonce, ask, type, attempt } = event;
  const digest = createHash("sha1")
    .update(JSON.stringify(sorted(event)))
    .digest("base64url")
    .slice(0, 12);
  return { seq, nonce, ask, type, attempt, digest };
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
