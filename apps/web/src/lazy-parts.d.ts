declare module "virtual:lazy-parts" {
  /** Paths relative to the page. */
  export const PARTS: Readonly<Record<string, { readonly script: string; readonly styles: readonly string[] }>>;
}
