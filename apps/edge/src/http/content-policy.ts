import { createHash } from "node:crypto";

/** An inline script or style of a page. `text` is the content between its tags. */
export interface Inline {
  readonly kind: "script" | "style";
  readonly text: string;
}

const OPENING = /<(script|style)\b[^>]*>/gi;

/**
 * Finds the inline scripts and styles of one of our pages, in order. Tags inside the text of a script or style do not
 * count.
 */
export function findInline(html: string): Inline[] {
  const found: Inline[] = [];
  const opening = new RegExp(OPENING);
  for (let tag = opening.exec(html); tag; tag = opening.exec(html)) {
    const kind = tag[1]?.toLowerCase() === "style" ? "style" : "script";
    const end = html.toLowerCase().indexOf(`</${kind}`, opening.lastIndex);
    if (end < 0) break;
    const text = html.slice(opening.lastIndex, end);
    if (text !== "") found.push({ kind, text });
    opening.lastIndex = end;
  }
  return found;
}

/**
 * Returns the content security policy of a page. It allows scripts and styles of the page's own origin and those that
 * are `inline` in the page, by their hashes. `ancestors`: origins whose pages may embed this page.
 */
export function contentPolicy(inline: readonly Inline[], ancestors: readonly string[]): string {
  const sources = (kind: Inline["kind"]): string => {
    const hashes = inline.flatMap((one) => {
      return one.kind === kind ? [`'sha256-${createHash("sha256").update(one.text).digest("base64")}'`] : [];
    });
    return ["'self'", ...hashes].join(" ");
  };
  return [
    "default-src 'self'",
    `script-src ${sources("script")}`,
    `style-src ${sources("style")}`,
    // `'self'` includes WebSockets to the page's own host.
    "connect-src 'self'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${ancestors.length > 0 ? ancestors.join(" ") : "'none'"}`,
  ].join("; ");
}
