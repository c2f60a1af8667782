import type { EngineKind, Habit, ReplyMode } from "@docrelay/engine";
import type { Certificate } from "./certificate.ts";

/** What the doctor has found out about one engine. Times are in ms. */
export interface EngineFacts {
  readonly kind: EngineKind;
  readonly configured: {
    readonly reply: ReplyMode;
    /** The longest prompt to try, in bytes; `mostBy` is the setting from which it follows. */
    readonly mostBytes: number;
    readonly mostBy: "MAX_TEXT_BYTES" | "ENGINE_CONTEXT_TOKENS";

    readonly firstReplyTimeoutMs: number;
  };
  /** The certificate of an engine at `wss://` or `https://`; undefined for other engines, or if it cannot be read. */
  readonly certificate: Certificate | undefined;
  /**
   * The times of a WebSocket engine; undefined for other engines, or if no connection opened. `openMs`: how long the
   * engine took to accept a connection. `pongMs`: how long it took to answer a ping; undefined if it did not answer.
   */
  readonly connection: { readonly openMs: number; readonly pongMs: number | undefined } | undefined;
  readonly reply: ReplyFacts | undefined;
  /** Why the connection did not open, or the question got no answer. */
  readonly failure: FailureFacts | undefined;
  readonly sizes: SizeFacts | undefined;
}

export interface ReplyFacts {
  readonly firstMs: number;
  readonly totalMs: number;
  /** In how many pieces the text came. */
  readonly pieces: number;
  readonly chars: number;
  readonly truncated: boolean;
  /** How a WebSocket engine replies, as the worker's code has recognised it. */
  readonly habit: Habit | undefined;
}

export interface FailureFacts {
  /**
   * The name of the cause, as the worker's metric has it; `deadline` if the answer took longer than `ASK_DEADLINE_MS`.
   */
  readonly why: string;
  readonly sentence: string;
  /** The engine's own error message. */
  readonly said: string | undefined;
  readonly tooLarge: boolean;
  /** Whether the engine accepts a connection if its path has one slash more, or one less, at its end. */
  readonly otherPathOpens: boolean;
}

export interface SizeFacts {
  /** Bytes of the largest prompt that got an answer; 0 if none did. */
  readonly taken: number;
  /** Bytes of the smallest prompt that got no answer; undefined if all prompts got one. */
  readonly refused: number | undefined;
  readonly failure: FailureFacts | undefined;
}
