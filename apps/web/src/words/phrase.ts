import type { RelayFault } from "@docrelay/client";

/** A text of the page. A text with a number `n` has a form for each plural category of its language. */
export type Phrase = string | ({ readonly other: string } & { readonly [plural in Intl.LDMLPluralRule]?: string });

export type Exact =
  | "QUOTA_EXCEEDED day"
  | "BAD_MESSAGE utf8"
  | "PAYLOAD_TOO_LARGE message"
  | "PAYLOAD_TOO_LARGE file"
  | "PDF_ENCRYPTED password"
  | "PDF_LIMIT_EXCEEDED pages"
  | "PDF_LIMIT_EXCEEDED time"
  | "PDF_LIMIT_EXCEEDED memory"
  | "PDF_LIMIT_EXCEEDED output"
  | "ENGINE_BAD_REPLY size";
/** What happened and what to do, for each error. */
export type Errors = Readonly<Record<RelayFault["code"] | Exact, readonly [what: string, advice: string]>>;
