import { posix } from "node:path";
import { addressOf, anchorOf, withPlainCode, type Page } from "./page.ts";

/** The places to which links may lead. */
export interface Known {
  readonly pages: ReadonlyMap<string, Page>;
  /** Whether the repository has this file or folder. */
  exists(path: string): boolean;
  /**
   * The address at which files of the repository that are not pages can be read, without a slash at its end; undefined
   * if there is none, so that links to them become plain words.
   */
  readonly source: string | undefined;
}

export type Target =
  | { readonly kind: "url"; readonly url: string }
  /** A picture, which becomes part of the site. */
  | { readonly kind: "picture"; readonly url: string; readonly path: string }
  | { readonly kind: "nowhere" }
  | { readonly kind: "dead"; readonly why: string };

const PICTURE = /\.(png|svg|jpg)$/;

/** Finds the target of a link on a page. */
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

/** Makes an address of the site relative to a page. */
export function relativeTo({ path }: Page, address: string): string {
  return posix.relative(posix.dirname(addressOf(path)), address);
}

function anchorsOf(page: Page): Set<string> {
  return new Set([...withPlainCode(page).matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) => anchorOf(title)));
}
