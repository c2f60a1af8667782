import type { TakenAsk } from "@docrelay/channel";

/** The sweeper's findings about an unfinished ask. `texts` and `bytes` have one entry for each file. */
export interface Found {
  readonly ask: Pick<TakenAsk, "cancelled">;
  readonly state: string;
  readonly expired: boolean;
  readonly texts: ReadonlyArray<"text" | "failed" | "missing">;
  /** Whether the bytes of a file are stored, if its text is missing. The text was checked once more after the bytes. */
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
 * Decides what the sweeper does about an ask that was due. A cancellation has priority over the deadline. A parked ask
 * whose texts are missing waits for their extraction, which wakes it. For any other ask the bell is rung again, because
 * the first bell may have been lost.
 */
export function sweepRule({ ask, state, expired, texts, bytes }: Found): SweepAction {
  if (ask.cancelled) return { do: "cancel" };
  if (expired) return { do: "expire" };
  const missing = texts.flatMap((text, file) => (text === "missing" ? [file] : []));
  if (state !== "parked" || missing.length === 0 || texts.includes("failed")) return { do: "wake" };
  const lost = missing.find((file) => bytes[file] === false);
  return lost === undefined ? { do: "extract", files: missing } : { do: "lose", file: lost };
}
