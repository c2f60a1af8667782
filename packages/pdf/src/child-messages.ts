import type { EngineName } from "./page-engine.ts";

/** Parent → child: one file. The bytes travel in V8's own serialization, not as text. */
export interface Job {
  readonly bytes: Uint8Array;
  readonly password: string | undefined;
  readonly engine: EngineName;
  readonly maxPages: number;
  readonly maxTextBytes: number;
}

/** Child → parent, in order: `ready` once; then per job `opened`, `page` or `lost` each page, `done`; or `failed`. */
export type Report =
  | { readonly type: "ready" }
  | { readonly type: "opened"; readonly pages: number }
  /** `scan`: next to no text, and something to be seen that may be some. */
  | { readonly type: "page"; readonly page: number; readonly text: string; readonly scan: boolean }
  | { readonly type: "lost"; readonly page: number }
  | { readonly type: "done" }
  | { readonly type: "failed"; readonly kind: "invalid" | "encrypted" };
