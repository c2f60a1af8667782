import type { TranscriptAsk, TranscriptFile } from "@docrelay/protocol";
import type { Citation, MissingPage, Progress, Timings } from "../wire/contract.ts";
import { RelayError } from "../wire/relay-error.ts";

/**
 * How far an ask is. Before the server has it: `waiting` for an earlier ask, for the connection or because the server is
 * busy; a file being uploaded; or `sending`. Then the server's own hints. `file` is its index in the ask; sizes in bytes.
 */
export type AskProgress =
  | { readonly stage: "waiting" | "sending" }
  | { readonly stage: "uploading"; readonly file: number; readonly sent: number; readonly size: number }
  | Omit<Progress, "conversation" | "ask">;

/** A file of a turn; what was read of it once it was read. Pages count from 1. */
export interface TurnFile {
  readonly name: string;
  readonly size: number;
  readonly sha256?: string;
  /** The id under which an ask of the same user may name the file again. */
  readonly upload?: string;
  readonly pages?: number;
  /** Pages without text, and why. */
  readonly missing?: readonly MissingPage[];
  /** Pages that were read from pictures. */
  readonly ocr?: readonly number[];
  /** Only the beginning was read. */
  readonly truncated?: boolean;
  /** The pages that the engine was given, when not all fit into its prompt. */
  readonly used?: ReadonlyArray<readonly [from: number, to: number]>;
  /** Names of the files that the PDF carries, when it carries some. */
  readonly attachments?: readonly string[];
}

/** `sending` until the server's log has the ask; the last three are final. */
export type TurnState = "sending" | "running" | "completed" | "failed" | "cancelled";

/** One question and its answer so far. Immutable: a turn that changes becomes another object. */
export interface Turn {
  /** The ask's id. */
  readonly id: string;
  readonly question: string;
  /** When it was asked, in milliseconds since the epoch; for display only. */
  readonly at: number;
  readonly files: readonly TurnFile[];
  /** The ask at whose place this one stands: its question was edited, or was asked again. */
  readonly replaces?: string;
  /** The earlier versions at this place, the oldest first. */
  readonly versions?: readonly Turn[];
  /** The version after this one; the newest has none. */
  readonly replacedBy?: string;
  readonly state: TurnState;
  /** The newest hint; undefined when nothing is known, and as soon as the answer has text. */
  readonly progress?: AskProgress;
  /** The answer's text so far: of the valid attempt only. */
  readonly text: string;
  /** Number of the engine call that `text` comes from; 0 until the engine was called. */
  readonly attempt: number;
  readonly engine?: string;
  readonly citations?: readonly Citation[];
  /** Questions that the engine suggests to ask next. */
  readonly suggestions?: readonly string[];
  readonly timings?: Timings;
  /** The answer was cut at a largest size. */
  readonly truncated?: boolean;
  /** What the user has said of the answer. */
  readonly feedback?: { readonly verdict: "up" | "down"; readonly word?: string };
  /** Why it failed or was refused. */
  readonly error?: RelayError;
}

/** Whether nothing more happens to a turn. */
export function isOver({ state }: Turn): boolean {
  return state === "completed" || state === "failed" || state === "cancelled";
}

/** The turn of an ask in the log, with the newest hint. */
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
