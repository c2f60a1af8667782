import type { TurnFile } from "@docrelay/client";

export type Missing = NonNullable<TurnFile["missing"]>[number];

/** Why a page has no text, after the words "page 3". */
export const MISSING: Record<Missing["reason"], string> = {
  scan: "scans that could not be read",
  unnamed: "written in a font that does not say which letters it has",
  error: "damaged",
  limit: "left out, over a limit",
};

/** The same of one page, as a sentence. */
export function missingPage({ page, reason }: Missing): string {
  const why = {
    scan: "is a scan that could not be read",
    unnamed: "is written in a font that does not say which letters it has",
    error: "is damaged",
    limit: "was left out, over a limit",
  };
  return `Nothing was read of this page: page ${page} ${why[reason]}.`;
}
