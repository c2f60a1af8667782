import type { TurnFile } from "@docrelay/client";
import { pageList } from "../words/numbers.ts";
import { say } from "../words/say.ts";

export type Missing = NonNullable<TurnFile["missing"]>[number];

const KEYS = {
  scan: "missingScan",
  unnamed: "missingUnnamed",
  error: "missingError",
  limit: "missingLimit",
} as const;

/** Returns the reasons why pages of a file have no text, one line for each reason. */
export function missingLines(missing: readonly Missing[]): string[] {
  return (Object.keys(KEYS) as Array<keyof typeof KEYS>).flatMap((reason) => {
    const pages = missing.filter((one) => one.reason === reason).map(({ page }) => page);
    return pages.length === 0 ? [] : [say(KEYS[reason], { n: pages.length, list: pageList(pages) })];
  });
}

/** Returns a sentence that states why one page has no text. */
export function missingPage(missing: Missing): string {
  return say("nothingReadWhy", { why: missingLines([missing])[0] ?? "" });
}
