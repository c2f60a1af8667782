import type { TakenAsk } from "@docrelay/channel";

/** What the sweeper has found out about an unfinished ask. `texts` and `bytes` have one entry for each of its files. */
export interface Found {
  readonly ask: Pick<TakenAsk, "cancelled">;
  readonly state: string;
  readonly expired: boolean;
  readonly texts: ReadonlyArray<"text" | "failed" | "missing">;
  /**
   * Whether the bytes of each file are stored; undefined for a file whose text is not `missing`. Bytes are released
   * when their text has been stored. So for a file without bytes, the text was looked for a second time, and `texts`
   * has the result.
   */
  readonly bytes: ReadonlyArray<boolean | undefined>;
}

export type SweepAction =
  | { do: "expire" }
  | { do: "cancel" }
  /**
   * End the ask as failed: neither text nor bytes of the file `file` are stored, so no extraction can make the text.
   */
  | { do: "lose"; file: number }
  /** Add the extraction jobs of these files; a job that is queued or runs already is not added again. */
  | { do: "extract"; files: number[] }
  | { do: "wake" };

/**
 * Decides what the sweeper does about an ask that is due for a check. A cancelled ask ends as cancelled even after its
 * deadline. A parked ask whose texts are missing waits for their extraction; the extraction's job may have been lost,
 * so it is added again. For any other ask the bell is rung again, because the first bell may have been lost.
 */
export function sweepRule({ ask, state, expired, texts, bytes }: Found): SweepAction {
  if (ask.cancelled) return { do: "cancel" };
  if (expired) return { do: "expire" };
  const missing = texts.flatMap((text, file) => (text === "missing" ? [file] : []));
  if (state !== "parked" || missing.length === 0 || texts.includes("failed")) return { do: "wake" };
  const lost = missing.find((file) => bytes[file] === false);
  return lost === undefined ? { do: "extract", files: missing } : { do: "lose", file: lost };
}
