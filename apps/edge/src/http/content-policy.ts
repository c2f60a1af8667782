import { createHash } from "node:crypto";

/** A script or style that stands in the page itself; the content between its tags. */
export interface Inline {
  readonly kind: "script" | "style";
  readonly text: string;
}

const OPENING = /<(script|style)\b[^>]*>/gi;

/** The scripts and styles of a page of ours, in order. Text inside one of them is not looked at for others. */
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
 * The content security policy of a page: nothing foreign, and of inline code only what is in the page. `ancestors`:
 * origins whose pages may embed it.
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
    // Of WebSockets, too: those of the page's own host.
    "connect-src 'self'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${ancestors.length > 0 ? ancestors.join(" ") : "'none'"}`,
  ].join("; ");
}
