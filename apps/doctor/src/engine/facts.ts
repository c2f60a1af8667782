import type { EngineKind, Habit, ReplyMode } from "@docrelay/engine";
import type { Certificate } from "./certificate.ts";

/** What happened at one engine. Times in ms. */
export interface EngineFacts {
  readonly kind: EngineKind;
  readonly configured: {
    readonly reply: ReplyMode;
    /** The longest prompt that is tried, in bytes, and the setting it comes from. */
    readonly mostBytes: number;
    readonly mostBy: "MAX_TEXT_BYTES" | "ENGINE_CONTEXT_TOKENS";

    readonly firstReplyTimeoutMs: number;
  };
  /** Only of `wss://` and `https://`. */
  readonly certificate: Certificate | undefined;
  /** Only of WebSockets. */
  readonly connection: { readonly openMs: number; readonly pongMs: number | undefined } | undefined;
  readonly reply: ReplyFacts | undefined;
  /** Why the connection did not open, or the question was not answered. */
  readonly failure: FailureFacts | undefined;
  readonly sizes: SizeFacts | undefined;
}

export interface ReplyFacts {
  readonly firstMs: number;
  readonly totalMs: number;
  /** Texts that came before the end. */
  readonly pieces: number;
  readonly chars: number;
  readonly truncated: boolean;
  /** What was recognised of a WebSocket engine. */
  readonly habit: Habit | undefined;
}

export interface FailureFacts {
  /** The cause's name, as in the metric; `deadline` after `ASK_DEADLINE_MS`. */
  readonly why: string;
  readonly sentence: string;
  /** The engine's own words. */
  readonly said: string | undefined;
  readonly tooLarge: boolean;
  /** The same path with one slash more or less opens. */
  readonly otherPathOpens: boolean;
}

export interface SizeFacts {
  /** Bytes of the largest prompt that was answered; 0 for none. */
  readonly taken: number;
  /** Bytes of the smallest prompt that was not answered. */
  readonly refused: number | undefined;
  readonly failure: FailureFacts | undefined;
}
