import { backoff, type LogEntry, type Welcome } from "@docrelay/protocol";
import type { ConversationsHint, Limits, Progress, UploadStatus } from "../wire/contract.ts";
import { readAck, type Acked, type CallName } from "../wire/acks.ts";
import { createConnection } from "./connection.ts";
import { leftMs } from "./lifetime.ts";
import { createPace, type Pace } from "./pace.ts";
import { pause, within } from "./pause.ts";
import { readConversationsHint, readLogEntry, readProgress, readUploadHint } from "../wire/payloads.ts";
import { tryRead } from "../wire/read.ts";
import type { Address } from "./address.ts";
import { RETRIES } from "./reconnect.ts";
import { RelayError, unreachable, wireOf } from "../wire/relay-error.ts";
import type { RelayState, StateListener } from "./relay-state.ts";
import { createRenewal } from "./renewal.ts";
import type { TokenSource } from "./session.ts";

/**
 * Calls to the server, over a connection that reconnects by itself. Everything that the server sends is parsed here.
 */
export interface Link {
  readonly state: RelayState;
  readonly welcome: Welcome | undefined;
  readonly limits: Limits | undefined;
  /**
   * Makes a call once, over the current connection. @throws RelayError when the server refused it, or the connection
   * ended before the response.
   */
  once<N extends CallName>(name: N, payload: object): Promise<Acked<N>>;
  /**
   * Makes a call as soon as there is a connection, and repeats it until its outcome is final. A call without a response
   * is not repeated on the same connection, because a late response still arrives there; it is repeated on the next
   * connection. A call that the server refuses for a time is repeated on the same connection after that time. The
   * server may get a call twice, which does no harm with any call of the protocol. If `payload` is a function, it makes
   * the payload anew for each try, which may reach a server of another version.
   * @throws RelayError when refused for good or at the deadline, or the signal's reason.
   */
  call<N extends CallName>(name: N, payload: object | (() => object), options?: CallOptions): Promise<Acked<N>>;
  /** Bounds the bytes that are on their way over the current connection, for all uploads together. */
  readonly pace: Pick<Pace, "chunkBytes" | "enter">;
  /**
   * Adds a listener for events that the server sends without being asked. Payloads that do not fit the contract are
   * dropped.
   */
  hear(listener: ServerListener): void;
  onState(listener: StateListener): () => void;
  close(): void;
}

export interface CallOptions {
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  /** Called before each try to make the call; an error that it throws ends the call. */
  beforeTry?(): void;
  /** Called after a failed try if another try follows. An error that it throws ends the call. */
  onRetry?(error: unknown): void;
}
export interface ServerListener {
  event(entry: LogEntry): void;
  progress(progress: Progress): void;
  upload(status: UploadStatus): void;
  conversations(hint: ConversationsHint): void;
  resync(): void;
}
export interface LinkDeps {
  readonly address: Address;
  readonly tokens: TokenSource;
  readonly request: typeof fetch;
}

/**
 * If a response is not there after this many ms, the server is assumed to have lost the call, because even a slow
 * connection does not take so long. The call is then sent again over another connection.
 */
const ANSWER_MS = 60_000;
const CALL_MS = 60_000;
/** For how many ms the protocol allows a server to delay the acknowledgement of an upload's chunk. */
const CHUNK_HELD_MS = 10_000;
/**
 * For how many ms a response with a part of the log may keep the connection busy. The response may have half a
 * megabyte, and on a slow connection nothing else arrives until all of it is there, not even a sign of life. If the
 * response takes longer, the connection is given up, and the next connection has more time.
 */
const LOG_HELD_MS = 3000;

const HELD_MS: { readonly [N in CallName]?: number } = {
  "upload:chunk": CHUNK_HELD_MS,
  "conversation:open": LOG_HELD_MS,
};

// oxlint-disable-next-line max-lines-per-function -- joins connection, retries and pace
export function createLink(deps: LinkDeps): Link {
  const listeners: ServerListener[] = [];
  const pace = createPace();
  const connection = createConnection({
    ...deps,
    said: (event, payload) => listeners.forEach((listener) => hear(listener, event, payload)),
    drainMs: pace.drainMs,
  });
  const { states } = connection;
  const renewal = createRenewal(deps.tokens, async (token) =>
    leftMs(await call("auth:refresh", { token }), Date.now()),
  );
  states.onChange((state, error) => {
    if (state === "online" && connection.welcome) renewal.schedule(leftMs(connection.welcome, Date.now()));
    else renewal.stop();
    if (state === "online") pace.restart();
    if (error?.code === "AUTH_EXPIRED") deps.tokens.renew();
  });

  async function once<N extends CallName>(name: N, payload: object): Promise<Acked<N>> {
    const late = setTimeout(() => connection.remake(), ANSWER_MS);
    const sentAt = performance.now();
    const answer = await connection
      .send(name, payload, HELD_MS[name] ?? 0)
      .catch((cause: unknown) => {
        throw unreachable(cause);
      })
      .finally(() => clearTimeout(late));
    if (name === "upload:start") pace.roundTrip(performance.now() - sentAt);
    try {
      return readAck(name, answer);
    } catch (error) {
      if (error instanceof RelayError && error.code === "AUTH_EXPIRED") void renewal.now();
      throw error;
    }
  }
  async function call<N extends CallName>(
    name: N,
    payload: object | (() => object),
    options: CallOptions = {},
  ): Promise<Acked<N>> {
    const { deadlineMs = CALL_MS, signal } = options;
    const end = performance.now() + deadlineMs;
    const remainingMs = (): number => Math.max(1, end - performance.now());
    for (let tries = 0; ; tries++) {
      await states.online(remainingMs(), signal);
      options.beforeTry?.();
      try {
        return await within(once(name, isMade(payload) ? payload() : payload), remainingMs(), signal);
      } catch (error) {
        const waitMs = retryAfterMs(error, tries);
        if (signal?.aborted || waitMs === undefined || waitMs > remainingMs()) throw error;
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
    pace,
    hear: (listener) => void listeners.push(listener),
    onState: (listener) => states.onChange(listener),
    close: () => connection.end(),
  };
}

function hear(listener: ServerListener, event: string, payload: unknown): void {
  if (event === "event") {
    const entry = tryRead(readLogEntry, payload);
    if (entry) listener.event(entry);
  } else if (event === "progress") {
    const progress = tryRead(readProgress, payload);
    if (progress) listener.progress(progress);
  } else if (event === "upload") {
    const status = tryRead(readUploadHint, payload);
    if (status) listener.upload(status);
  } else if (event === "conversations") {
    const hint = tryRead(readConversationsHint, payload);
    if (hint) listener.conversations(hint);
  } else if (event === "resync") listener.resync();
}

/** Returns how many ms to wait before a failed call is sent again; undefined when it must not be sent again. */
function retryAfterMs(error: unknown, tries: number): number | undefined {
  const wire = wireOf(error);
  if (!wire.retryable || wire.code === "RESUME_LOST") return undefined;
  if (wire.code === "INTERNAL" && tries > 0) return undefined;
  return Math.max(wire.retryAfterMs ?? 0, backoff(tries, RETRIES, Math.random()));
}

function isMade(payload: object): payload is () => object {
  return typeof payload === "function";
}
