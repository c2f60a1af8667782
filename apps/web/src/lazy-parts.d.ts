declare module "virtual:lazy-parts" {
  /** For each of the `LazyParts`: the paths of its files, relative to the page. */
  export const PARTS: Readonly<Record<string, { readonly script: string; readonly styles: readonly string[] }>>;
}
