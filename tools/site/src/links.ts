import { posix } from "node:path";
import { addressOf, anchorOf, withPlainCode, type Page } from "./page.ts";

/** What a link may lead to. */
export interface Known {
  readonly pages: ReadonlyMap<string, Page>;
  /** Whether the repository has such a file or folder. */
  exists(path: string): boolean;
  /** Where files of the repository that are no pages can be read, if anywhere: an address that ends without a slash. */
  readonly source: string | undefined;
}

export type Target =
  | { readonly kind: "url"; readonly url: string }
  /** A picture, which the site has, too. */
  | { readonly kind: "picture"; readonly url: string; readonly path: string }
  | { readonly kind: "nowhere" }
  | { readonly kind: "dead"; readonly why: string };

const PICTURE = /\.(png|svg|jpg)$/;

/** Where a link of a page leads. */
export function targetOf(page: Page, href: string, known: Known): Target {
  if (/^[a-z]+:/i.test(href)) return { kind: "url", url: href };
  const from = page.linksFrom ?? page.path;
  const [file = "", anchor] = href.split("#");
  const path = file === "" ? from : posix.normalize(posix.join(posix.dirname(from), file)).replace(/\/$/, "");
  const to = file === "" && page.linksFrom === undefined ? page : known.pages.get(path);
  if (!to) return fileTarget(page, path, known);
  if (anchor !== undefined && !anchorsOf(to).has(anchor))
    return { kind: "dead", why: `${path} has no heading #${anchor}` };
  return { kind: "url", url: relativeTo(page, addressOf(to.path)) + (anchor === undefined ? "" : `#${anchor}`) };
}

function fileTarget(page: Page, path: string, { exists, source }: Known): Target {
  if (!exists(path)) return { kind: "dead", why: `there is no ${path}` };
  if (PICTURE.test(path)) return { kind: "picture", url: relativeTo(page, path), path };
  return source === undefined ? { kind: "nowhere" } : { kind: "url", url: `${source}/${path}` };
}

/** An address of the site as a page of it names it. */
export function relativeTo({ path }: Page, address: string): string {
  return posix.relative(posix.dirname(addressOf(path)), address);
}

function anchorsOf(page: Page): Set<string> {
  return new Set([...withPlainCode(page).matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) => anchorOf(title)));
}
