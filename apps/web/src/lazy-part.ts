import { PARTS } from "virtual:lazy-parts";

import type { Language } from "./words/language.ts";

/** The parts of the page that are loaded when they are first needed. */
export interface LazyParts {
  readonly markdown: typeof import("./lazy/markdown.ts");
  readonly math: typeof import("./lazy/math.ts");
  readonly highlight: typeof import("./lazy/highlight.ts");
  readonly pdf: typeof import("./lazy/pdf.ts");
  readonly [words: `words-${string}`]: Language;
}

const TRIES = 8;
const PAUSE_MS = 250;

const loading = new Map<string, Promise<unknown>>();
const loaded = new Map<string, unknown>();
const onMissing = new Set<() => void>();

/** The files of `LazyParts` are served beside this script, or in development beside the page. */
const scriptUrl = import.meta.url;
// `MODE` and not `DEV`: `DEV` is also true in a build whose NODE_ENV is not `production`, such as a test runner's.
const base = import.meta.env.MODE === "development" ? document.baseURI : scriptUrl;
/**
 * The nodes to which the styles of `LazyParts` are added: each shadow tree, which does not use the document's styles,
 * and the document's head, because fonts must be declared there.
 */
const styled = new Set<Node>([document.head]);
const loadedStyles = new Set<string>();

/** Calls `listener` when one of the `LazyParts` cannot be loaded. Returns a function that removes the listener. */
export function hearMissingParts(listener: () => void): () => void {
  onMissing.add(listener);
  return () => void onMissing.delete(listener);
}

/**
 * Gives a shadow tree the styles of all `LazyParts`, including those loaded later. Returns a function that must be
 * called when the tree is removed.
 */
export function stylePartsIn(root: ShadowRoot): () => void {
  styled.add(root);
  for (const href of loadedStyles) root.append(styleLink(href));
  return () => void styled.delete(root);
}

/**
 * Returns one of the `LazyParts`, which is loaded at the first call. While edges are being replaced, some do not have
 * the parts of this build, so a failed load is retried. Each retry uses another address, because browsers remember that
 * a module failed to load. Returns undefined if no retry succeeds; a later call tries again.
 */
export async function loadPart<K extends keyof LazyParts>(name: K): Promise<LazyParts[K] | undefined> {
  const part = loading.get(name) ?? load(name);
  loading.set(name, part);
  try {
    return (await part) as LazyParts[K];
  } catch {
    if (loading.get(name) === part) {
      loading.delete(name);
      for (const listener of onMissing) listener();
    }
    return undefined;
  }
}

/** Returns one of the `LazyParts` if it is loaded already; otherwise undefined. */
export function loadedPart<K extends keyof LazyParts>(name: K): LazyParts[K] | undefined {
  return loaded.get(name) as LazyParts[K] | undefined;
}

async function load(name: string): Promise<unknown> {
  const { script = "", styles = [] } = PARTS[name] ?? {};
  const [part] = await Promise.all([
    again(async (url) => import(/* @vite-ignore */ url) as Promise<unknown>, script),
    ...styles.map(async (path) => again(addStyle, path)),
  ]);
  loaded.set(name, part);
  return part;
}

async function again<T>(get: (url: string) => Promise<T>, path: string): Promise<T> {
  for (let n = 1; ; n++) {
    try {
      const url = new URL(path, base);
      if (n > 1) url.searchParams.set("try", String(n));
      return await get(url.href);
    } catch (error) {
      if (n === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * n * Math.random()));
    }
  }
}

function addStyle(href: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const link = styleLink(href);
  link.addEventListener("load", () => {
    loadedStyles.add(href);
    for (const root of styled) if (root !== document.head) root.appendChild(styleLink(href));
    resolve();
  });
  link.addEventListener("error", () => {
    link.remove();
    reject(new Error(`${href} is missing`));
  });
  document.head.append(link);
  return promise;
}

function styleLink(href: string): HTMLLinkElement {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = href;
  return link;
}
