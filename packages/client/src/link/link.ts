import {
  backoff,
  wireError,
  type Limits,
  type LogEntry,
  type Progress,
  type UploadStatus,
  type Welcome,
} from "@docrelay/protocol";
import { readAck, type Acked, type CallName } from "../wire/acks.ts";
import { createConnection, type Connection } from "./connection.ts";
import { leftMs } from "./lifetime.ts";
import { pause } from "./pause.ts";
import { readLogEntry, readProgress, readUploadHint } from "../wire/payloads.ts";
import { attempt } from "../wire/read.ts";
import { RETRIES } from "./reconnect.ts";
import { RelayError, unreachable } from "../wire/relay-error.ts";
import type { RelayState, StateListener } from "./relay-state.ts";
import { createRenewal } from "./renewal.ts";
import type { TokenSource } from "./session.ts";

/** Calls to the server over a connection that comes back by itself. What the server sends is parsed here. */
export interface Link {
  readonly state: RelayState;
  readonly welcome: Welcome | undefined;
  readonly limits: Limits | undefined;
  /** Calls once. @throws RelayError when refused, or when no answer came in `timeoutMs`. */
  once<N extends CallName>(name: N, payload: object, timeoutMs?: number): Promise<Acked<N>>;
  /**
   * Calls until the server has answered for good: waits for the connection, and for as long as the server asks to.
   * Only for calls that may be sent twice, which all of the protocol's are.
   * @throws RelayError when refused for good or at the deadline, or the signal's reason.
   */
  call<N extends CallName>(name: N, payload: object, options?: CallOptions): Promise<Acked<N>>;
  /** What the server sends by itself. Payloads that do not have the form of the contract are dropped. */
  hear(listener: ServerListener): void;
  onState(listener: StateListener): () => void;
  close(): void;
}

export interface CallOptions {
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  /** Called before each try; what it throws ends the call. */
  beforeTry?(): void;
  /** Called when a try failed and another follows; what it throws ends the call. */
  onRetry?(error: unknown): void;
}
export interface ServerListener {
  event(entry: LogEntry): void;
  progress(progress: Progress): void;
  upload(status: UploadStatus): void;
  resync(): void;
}

const ANSWER_MS = 12_000;
const CALL_MS = 60_000;

export function createLink(url: string, tokens: TokenSource): Link {
  const connection = createConnection(url, tokens);
  const { states } = connection;
  const renewal = createRenewal(tokens, async (token) => leftMs(await call("auth:refresh", { token }), Date.now()));
  states.onChange((state) => {
    if (state === "online" && connection.welcome) renewal.schedule(leftMs(connection.welcome, Date.now()));
    else renewal.stop();
  });

  async function once<N extends CallName>(name: N, payload: object, timeoutMs = ANSWER_MS): Promise<Acked<N>> {
    const answer = await connection.emit(name, payload, timeoutMs).catch((cause: unknown) => {
      throw unreachable(cause);
    });
    try {
      return readAck(name, answer);
    } catch (error) {
      if (error instanceof RelayError && error.code === "AUTH_EXPIRED") void renewal.now();
      throw error;
    }
  }
  async function call<N extends CallName>(name: N, payload: object, options: CallOptions = {}): Promise<Acked<N>> {
    const { deadlineMs = CALL_MS, signal } = options;
    const end = Date.now() + deadlineMs;
    for (let tries = 0; ; tries++) {
      await connection.states.online(end, signal);
      options.beforeTry?.();
      try {
        return await once(name, payload, Math.min(ANSWER_MS, Math.max(1, end - Date.now())));
      } catch (error) {
        const waitMs = retryAfterMs(error, tries);
        if (waitMs === undefined || Date.now() + waitMs > end) throw error;
        options.onRetry?.(error);
        await pause(waitMs, signal);
      }
    }
  }

  return {
    get state() {
      return states.now;
    },
    get welcome() {
      return connection.welcome;
    },
    get limits() {
      return connection.welcome?.limits;
    },
    once,
    call,
    hear: (listener) => hear(connection, listener),
    onState: (listener) => states.onChange(listener),
    close: () => connection.end(),
  };
}

function hear(connection: Connection, listener: ServerListener): void {
  connection.on("event", (payload) => {
    const entry = attempt(readLogEntry, payload);
    if (entry) listener.event(entry);
  });
  connection.on("progress", (payload) => {
    const progress = attempt(readProgress, payload);
    if (progress) listener.progress(progress);
  });
  connection.on("upload", (payload) => {
    const status = attempt(readUploadHint, payload);
    if (status) listener.upload(status);
  });
  connection.on("resync", () => listener.resync());
}

/** Milliseconds to wait before a failed call is sent again; undefined when it is not. */
function retryAfterMs(error: unknown, tries: number): number | undefined {
  const wire = error instanceof RelayError ? error.wire : wireError("INTERNAL");
  if (!wire.retryable || wire.code === "RESUME_LOST") return undefined;
  if (wire.code === "INTERNAL" && tries > 0) return undefined;
  return Math.max(wire.retryAfterMs ?? 0, backoff(tries, RETRIES, Math.random()));
}
