import type { TakenAsk } from "@docrelay/channel";

/** What a look at an unfinished ask found. `texts` and `bytes` are by file; both empty for an ask without files. */
export interface Found {
  readonly ask: Pick<TakenAsk, "cancelled">;
  readonly state: string;
  readonly expired: boolean;
  readonly texts: ReadonlyArray<"text" | "failed" | "missing">;
  /** Whether the bytes of a file whose text is missing are still there; the text was looked at after them. */
  readonly bytes: ReadonlyArray<boolean | undefined>;
}

export type SweepAction =
  | { do: "expire" }
  | { do: "cancel" }
  /** Neither text nor bytes: no extraction can ever bring it. */
  | { do: "lose"; file: number }
  /** Ask for these extractions (again): adding one that waits or runs changes nothing. */
  | { do: "extract"; files: number[] }
  | { do: "wake" };

/**
 * What the sweeper does about an ask that was due. A cancel counts before the deadline. An ask whose texts are missing
 * is not woken: the extraction does that. Any other is, since its doorbell may have been lost.
 */
export function sweepRule({ ask, state, expired, texts, bytes }: Found): SweepAction {
  if (ask.cancelled) return { do: "cancel" };
  if (expired) return { do: "expire" };
  const missing = texts.flatMap((text, file) => (text === "missing" ? [file] : []));
  if (state !== "parked" || missing.length === 0 || texts.includes("failed")) return { do: "wake" };
  const lost = missing.find((file) => bytes[file] === false);
  return lost === undefined ? { do: "extract", files: missing } : { do: "lose", file: lost };
}
