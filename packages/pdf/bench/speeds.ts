import type { CorpusFile } from "@docrelay/testkit";
import type { ReadFile, Reader } from "./reader.ts";
import { median } from "./table.ts";

/**
 * Returns how many pages a reader reads per second of wall-clock time (`ms`) or of processor time. NaN if that was not
 * measured.
 */
export type Speeds = (reader: Reader | undefined, by: "ms" | "processorMs", category?: string) => number;

/**
 * Returns a function that computes a reader's speed: the number of pages, of all files or of one category, divided by
 * the time for these files. The result is the median of all rounds.
 */
export function speedsOf(files: readonly CorpusFile[], rounds: ReadonlyMap<Reader, readonly ReadFile[][]>): Speeds {
  return (reader, by, category) => {
    const chosen = files.map((file) => category === undefined || file.category === category);
    const pages = files.reduce((sum, file, index) => sum + (chosen[index] ? (file.pages ?? 1) : 0), 0);
    const timeOf = (round: readonly ReadFile[]): number =>
      round.reduce((sum, read, index) => sum + (chosen[index] ? read[by] : 0), 0) / 1000;
    return median(((reader && rounds.get(reader)) ?? []).map((round) => pages / timeOf(round)));
  };
}
