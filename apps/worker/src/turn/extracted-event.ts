import type { TakenAsk } from "@docrelay/channel";
import type { PageRanges } from "@docrelay/engine";
import type { EventBody } from "@docrelay/protocol";
import type { Text } from "./texts.ts";

/**
 * Returns the `extracted` event of a file: the size of its text, and which pages are missing. Its field `cached` is
 * true if the ask has not waited for texts of files. `used`: the pages that go into the prompt, if not all of them go.
 */
export function extractedEvent(
  ask: TakenAsk,
  file: number,
  text: Text | undefined,
  used?: PageRanges,
): EventBody<"extracted"> {
  if (!text) throw new Error(`no text for file ${file}`);
  const { pages, chars, missing, ocr, truncated, attachments } = text;
  return {
    type: "extracted",
    file,
    pages: pages.length,
    chars,
    cached: !ask.waited,
    missing: [...missing],
    ocr: [...ocr],
    truncated,
    ...(attachments ? { attachments: [...attachments] } : {}),
    ...(used ? { used: used.map(([from, to]) => [from, to] as [number, number]) } : {}),
  };
}
