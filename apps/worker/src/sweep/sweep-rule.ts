import type { TakenAsk } from "@docrelay/channel";

/** What the sweeper found about an unfinished ask. `texts` and `bytes` are by file; both are empty for an ask without files. */
export interface Found {
  readonly ask: Pick<TakenAsk, "cancelled">;
  readonly state: string;
  readonly expired: boolean;
  readonly texts: ReadonlyArray<"text" | "failed" | "missing">;
  /** For a file whose text is missing: whether its bytes are stored. The text was looked at once more after them. */
  readonly bytes: ReadonlyArray<boolean | undefined>;
}

export type SweepAction =
  | { do: "expire" }
  | { do: "cancel" }
  /** Neither text nor bytes of the file are stored: no extraction can make the text. */
  | { do: "lose"; file: number }
  /** Add the extraction jobs of these files; one that is queued or runs is not added twice. */
  | { do: "extract"; files: number[] }
  | { do: "wake" };

/**
 * What the sweeper does about an ask that was due. A cancel counts before the deadline. A parked ask whose texts are
 * missing is woken by their extraction. For any other ask the bell is rung, since the first may have been lost.
 */
export function sweepRule({ ask, state, expired, texts, bytes }: Found): SweepAction {
  if (ask.cancelled) return { do: "cancel" };
  if (expired) return { do: "expire" };
  const missing = texts.flatMap((text, file) => (text === "missing" ? [file] : []));
  if (state !== "parked" || missing.length === 0 || texts.includes("failed")) return { do: "wake" };
  const lost = missing.find((file) => bytes[file] === false);
  return lost === undefined ? { do: "extract", files: missing } : { do: "lose", file: lost };
}
