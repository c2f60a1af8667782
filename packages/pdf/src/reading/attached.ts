import type { EmbeddedPdf } from "../engines/page-engine.ts";
import type { ExtractLimits, ExtractOutcome } from "../port/extract.ts";

type Text = Extract<ExtractOutcome, { kind: "text" }>;

/**
 * Adds the pages of attached PDFs after a file's own pages. The first page of each attached PDF begins with the PDF's
 * name. A PDF that cannot be read, or for which the file's limits leave no room, adds no pages. `read` reads one
 * attached PDF. `msLeft` returns how much time is left for all of them.
 */
export async function withAttached(
  own: Text,
  attached: readonly EmbeddedPdf[],
  limits: ExtractLimits,
  deps: {
    readonly msLeft: () => number;
    readonly read: (bytes: Uint8Array, limits: ExtractLimits) => Promise<ExtractOutcome>;
  },
): Promise<Text> {
  let all = own;
  for (const { name, bytes } of attached) {
    const maxPages = limits.maxPages - all.pages.length;
    const maxTextBytes = limits.maxTextBytes - bytesOf(all) - Buffer.byteLength(name) - 64;
    const timeoutMs = Math.min(limits.timeoutMs, deps.msLeft());
    if (maxPages <= 0 || maxTextBytes <= 0 || timeoutMs <= 0) break;
    const read = await deps.read(bytes, { ...limits, maxPages, maxTextBytes, timeoutMs });
    if (read.kind === "text") all = joined(all, name, read);
  }
  return all;
}

function joined(own: Text, name: string, { pages, missing, ocr, truncated }: Text): Text {
  const before = own.pages.length;
  const [first = "", ...rest] = pages;
  return {
    ...own,
    pages: [...own.pages, `${attachmentLine(name)}\n${first}`.trim(), ...rest],
    missing: [...own.missing, ...missing.map(({ page, reason }) => ({ page: before + page, reason }))],
    ocr: [...own.ocr, ...ocr.map((page) => before + page)],
    truncated: own.truncated || truncated,
  };
}

export function attachmentLine(name: string): string {
  return `[Attachment] ${name}`;
}

function bytesOf({ pages }: Text): number {
  return pages.reduce((sum, page) => sum + Buffer.byteLength(page), 0);
}
