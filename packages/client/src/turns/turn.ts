import type { TranscriptAsk, TranscriptFile } from "@docrelay/protocol";
import type { Citation, MissingPage, Progress, Timings } from "../wire/contract.ts";
import { RelayError } from "../wire/relay-error.ts";

/**
 * The progress of an ask. Until the server has stored the ask, `stage` is `waiting` (for an earlier ask, for the
 * connection, or because the server is busy), `uploading` (a file), or `sending`. After that, the progress is the
 * newest hint of the server. `file` is the file's index in the ask; `sent` and `size` are in bytes.
 */
export type AskProgress =
  | { readonly stage: "waiting" | "sending" }
  | { readonly stage: "uploading"; readonly file: number; readonly sent: number; readonly size: number }
  | Omit<Progress, "conversation" | "ask">;

/**
 * A file of a turn. Until the file's text was extracted, only the fields `name`, `size`, `sha256` and `upload` may be
 * set. Page numbers begin at 1.
 */
export interface TurnFile {
  readonly name: string;
  readonly size: number;
  readonly sha256?: string;
  /** The id by which later asks of the same user may name the file. */
  readonly upload?: string;
  readonly pages?: number;
  /** The pages whose text is missing, and the reason for each. */
  readonly missing?: readonly MissingPage[];
  /** Pages whose text was recognised by OCR. */
  readonly ocr?: readonly number[];
  /** Whether only the beginning of the text was extracted, because the text is too long. */
  readonly truncated?: boolean;
  /** The ranges of pages that the engine got; set if not all pages fit into its prompt. */
  readonly used?: ReadonlyArray<readonly [from: number, to: number]>;
  /** The names of the files that are attached to the PDF, if there are any. */
  readonly attachments?: readonly string[];
}

/**
 * The state of a turn. `sending`: the server's log does not have the ask yet. `completed`, `failed` and `cancelled` are
 * final.
 */
export type TurnState = "sending" | "running" | "completed" | "failed" | "cancelled";

/** One question, and its answer as far as it has arrived. Immutable: a change makes another object. */
export interface Turn {
  /** The id of the ask. */
  readonly id: string;
  readonly question: string;
  /** When the question was asked, in ms since the epoch. For display only. */
  readonly at: number;
  readonly files: readonly TurnFile[];
  /** The id of the ask that this one replaces: its question was edited, or was asked again. */
  readonly replaces?: string;
  /** The earlier versions of this question, which this turn replaces, oldest first. */
  readonly versions?: readonly Turn[];
  /** The id of the version after this one; the newest version has none. */
  readonly replacedBy?: string;
  readonly state: TurnState;
  /**
   * The newest hint of progress. Undefined if there is none, and after the end of the ask. Text of the answer drops an
   * earlier hint, but a hint that comes late stays.
   */
  readonly progress?: AskProgress;
  /**
   * The text of the answer as far as it has arrived. If the engine was called again, it is only the text of the last
   * call.
   */
  readonly text: string;
  /** The number of the engine call from which `text` comes; 0 before the first call. */
  readonly attempt: number;
  readonly engine?: string;
  readonly citations?: readonly Citation[];
  /** Questions that the engine suggests to ask next. */
  readonly suggestions?: readonly string[];
  readonly timings?: Timings;
  /** Whether the answer was cut because it was too long, or the engine stopped early. */
  readonly truncated?: boolean;
  readonly feedback?: { readonly verdict: "up" | "down"; readonly word?: string };
  /** Why the ask failed or was refused. */
  readonly error?: RelayError;
}

/** Whether a turn has ended. */
export function isOver({ state }: Turn): boolean {
  return state === "completed" || state === "failed" || state === "cancelled";
}

/** Makes the turn of an ask that is in the log. `progress`: the newest hint about the ask. */
export function turnOf(ask: TranscriptAsk, progress: AskProgress | undefined): Turn {
  const {
    id,
    at,
    message,
    files,
    replaces,
    attempt,
    text,
    state,
    engine,
    error,
    citations,
    suggestions,
    timings,
    truncated,
    feedback,
  } = ask;
  const isFinal = state === "completed" || state === "failed" || state === "cancelled";
  return {
    id,
    question: message,
    at,
    files: files.map(fileOf),
    ...(replaces !== undefined && { replaces }),
    state: isFinal ? state : "running",
    text,
    attempt,
    ...(progress && !isFinal && { progress }),
    ...(engine !== undefined && { engine }),
    ...(citations && { citations }),
    ...(suggestions && { suggestions }),
    ...(truncated && { truncated }),
    ...(timings && { timings }),
    ...(feedback && { feedback }),
    ...(error && { error: new RelayError(error) }),
  };
}

function fileOf({ name, size, sha256, upload, extraction }: TranscriptFile): TurnFile {
  const file = { name, size, sha256, ...(upload !== undefined && { upload }) };
  if (!extraction) return file;
  const { pages, missing, ocr, truncated, used, attachments } = extraction;
  return { ...file, pages, missing, ocr, truncated, ...(used && { used }), ...(attachments && { attachments }) };
}
