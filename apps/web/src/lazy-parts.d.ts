declare module "virtual:lazy-parts" {
  /** The paths of the parts' files, relative to the page. */
  export const PARTS: Readonly<Record<string, { readonly script: string; readonly styles: readonly string[] }>>;
}
