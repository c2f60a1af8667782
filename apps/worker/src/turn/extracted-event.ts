import type { TakenAsk } from "@docrelay/channel";
import type { EventBody } from "@docrelay/protocol";
import type { Text } from "./texts.ts";

/** The event about a file's text: what it has and what is missing. `cached`: the ask did not have to wait for it. */
export function extractedEvent(ask: TakenAsk, file: number, text: Text | undefined): EventBody<"extracted"> {
  if (!text) throw new Error(`no text for file ${file}`);
  const { pages, chars, missing, ocr, truncated } = text;
  return {
    type: "extracted",
    file,
    pages: pages.length,
    chars,
    cached: !ask.waited,
    missing: [...missing],
    ocr: [...ocr],
    truncated,
  };
}
