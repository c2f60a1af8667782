import type { TranscriptAsk, TranscriptFile } from "@docrelay/protocol";
import type { Citation, MissingPage, Progress, Timings } from "../wire/contract.ts";
import { RelayError } from "../wire/relay-error.ts";

/**
 * The progress of an ask. Before the server has it: `waiting` for an earlier ask, for the connection or because the
 * server is busy; the upload of a file; or `sending`. Afterwards: the server's hints. `file` is the file's index in the
 * ask; sizes are in bytes.
 */
export type AskProgress =
  | { readonly stage: "waiting" | "sending" }
  | { readonly stage: "uploading"; readonly file: number; readonly sent: number; readonly size: number }
  | Omit<Progress, "conversation" | "ask">;

/** A file of a turn, with its extraction's result when there is one. Pages count from 1. */
export interface TurnFile {
  readonly name: string;
  readonly size: number;
  readonly sha256?: string;
  /** The id by which later asks of the same user may name the file. */
  readonly upload?: string;
  readonly pages?: number;
  /** Pages without text, and the reason. */
  readonly missing?: readonly MissingPage[];
  /** Pages whose text was recognised by OCR. */
  readonly ocr?: readonly number[];
  /** Whether only the beginning was extracted. */
  readonly truncated?: boolean;
  /** The ranges of pages that the engine received, if not all fit into its prompt. */
  readonly used?: ReadonlyArray<readonly [from: number, to: number]>;
  /** Names of the files that the PDF contains, if any. */
  readonly attachments?: readonly string[];
}

/** `sending` until the server's log has the ask; the last three are final. */
export type TurnState = "sending" | "running" | "completed" | "failed" | "cancelled";

/** One question and its answer so far. Immutable: a change creates another object. */
export interface Turn {
  /** The ask's id. */
  readonly id: string;
  readonly question: string;
  /** When it was asked, in milliseconds since the epoch; for display only. */
  readonly at: number;
  readonly files: readonly TurnFile[];
  /** The id of the ask that this one replaces: its question was edited, or was asked again. */
  readonly replaces?: string;
  /** The earlier versions of this question, oldest first. */
  readonly versions?: readonly Turn[];
  /** The id of the next version; the newest version has none. */
  readonly replacedBy?: string;
  readonly state: TurnState;
  /** The newest hint; undefined when none is known, and as soon as the answer has text. */
  readonly progress?: AskProgress;
  /** The answer's text so far; only that of the valid attempt. */
  readonly text: string;
  /** The number of the engine call that `text` comes from; 0 before the first call. */
  readonly attempt: number;
  readonly engine?: string;
  readonly citations?: readonly Citation[];
  /** Questions that the engine suggests to ask next. */
  readonly suggestions?: readonly string[];
  readonly timings?: Timings;
  /** Whether the answer was cut at its largest size. */
  readonly truncated?: boolean;
  /** The user's feedback on the answer. */
  readonly feedback?: { readonly verdict: "up" | "down"; readonly word?: string };
  /** Why the ask failed or was refused. */
  readonly error?: RelayError;
}

/** Whether a turn has ended. */
export function isOver({ state }: Turn): boolean {
  return state === "completed" || state === "failed" || state === "cancelled";
}

/** The turn of an ask in the log, with its newest hint. */
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
