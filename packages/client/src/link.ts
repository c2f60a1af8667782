import { wireError, type Ack, type Limits, type Welcome, type WireError } from "@docrelay/protocol";
import { io, type Socket } from "socket.io-client";
import { RelayError, unreachable } from "./relay-error.ts";
import type { TokenSource } from "./session.ts";

export type RelayState = "connecting" | "online" | "offline" | "closed";

/** The connection: comes back by itself, and calls the server until it answers. */
export interface Link {
  readonly state: RelayState;
  readonly welcome: Welcome | undefined;
  readonly limits: Limits | undefined;
  /** One call, one answer. @throws RelayError when refused, or when no answer came in `timeoutMs`. */
  once<T extends object>(event: string, payload: object, timeoutMs?: number): Promise<T>;
  /**
   * Calls again until the server has answered for good: it waits for the connection, and for whatever the server asks
   * to wait. Only for calls that may be sent twice, which all of the protocol's are. @throws RelayError
   */
  call<T extends object>(
    event: string,
    payload: object,
    options?: { deadlineMs?: number; signal?: AbortSignal },
  ): Promise<T>;
  on(name: "event" | "progress" | "resync", listener: (payload: never) => void): void;
  onState(listener: (state: RelayState, error?: RelayError) => void): () => void;
  close(): void;
}

const ANSWER_MS = 12_000;
const CALL_MS = 60_000;
const WAIT_MS = { first: 200, longest: 5000, longestAsked: 60_000 };
const AT_ONCE_MS = 50;
/** A token is refused this often in a row before we give up: a fresh one must have been among them. */
const AUTH_REFUSALS = 5;

export function createLink(url: string, tokens: TokenSource): Link {
  const socket: Socket = io(url, {
    transports: ["websocket"],
    // We come back ourselves: the library's own way knows nothing of what the server asks to wait, and stays away when the
    // server has said goodbye ("io server disconnect").
    reconnection: false,
    timeout: 10_000,
    forceNew: true,
    auth: (give) => {
      tokens.token().then(
        (token) => give({ token, protocol: 1 }),
        (error: unknown) => {
          if (error instanceof RelayError) parting = error.wire;
          if (parting && !parting.retryable) return end(new RelayError(parting));
          socket.io.engine.close(); // no token now: the next connection tries again
        },
      );
    },
  });
  const listeners = new Set<(state: RelayState, error?: RelayError) => void>();
  let state: RelayState = "connecting";
  let welcome: Welcome | undefined;
  /** Why the server, or the session, is about to let go of us. */
  let parting: WireError | undefined;
  let failures = 0;
  let authRefusals = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let renewal: ReturnType<typeof setTimeout> | undefined;
  let refreshing = false;

  function become(next: RelayState, error?: RelayError): void {
    if (state === next || state === "closed") return;
    state = next;
    for (const listener of listeners) listener(state, error);
  }
  function backoff(tries: number): number {
    return Math.min(WAIT_MS.first * 2 ** tries, WAIT_MS.longest) * (0.5 + Math.random() / 2);
  }
  /** Connects again: later each time, spread at random, and not before the server wants it. */
  function comeBack(why: WireError | undefined): void {
    parting = undefined;
    become("offline");
    if (state === "closed") return;
    clearTimeout(timer);
    const asked = Math.min(why?.retryAfterMs ?? 0, WAIT_MS.longestAsked);
    // A server that says "at once" spreads its goodbyes itself: waiting for our own sake would be the whole gap.
    const own = why?.retryAfterMs === 0 && failures === 0 ? Math.random() * AT_ONCE_MS : backoff(failures);
    failures++;
    timer = setTimeout(() => socket.connect(), Math.max(asked, own));
  }

  socket.on("welcome", (hello: Welcome) => {
    welcome = hello;
    parting = undefined;
    failures = 0;
    authRefusals = 0;
    scheduleRenewal(hello.expiresAt);
    become("online");
  });
  socket.on("closing", (why: WireError) => {
    parting = why;
    if (why.code === "AUTH_EXPIRED") tokens.renew("expiring");
  });
  socket.on("disconnect", () => {
    clearTimeout(renewal);
    comeBack(parting);
  });
  socket.on("connect_error", (error: Error & { data?: WireError }) => {
    const wire = error.data;
    const auth = wire?.code.startsWith("AUTH_") === true;
    if (auth) tokens.renew("refused");
    if (wire && (auth ? ++authRefusals > AUTH_REFUSALS : !wire.retryable)) return end(new RelayError(wire));
    comeBack(wire ?? parting);
  });

  function scheduleRenewal(expiresAt: number): void {
    clearTimeout(renewal);
    const left = expiresAt - Date.now();
    const waitMs = Math.min(Math.max(left - Math.max(left / 10, 60_000), 1000), 2 ** 31 - 1);
    renewal = setTimeout(() => void refresh(), waitMs);
  }
  /** Takes a fresh token over the living connection; one at a time. */
  async function refresh(): Promise<void> {
    if (refreshing || state !== "online") return;
    refreshing = true;
    try {
      tokens.renew("expiring");
      const token = await tokens.token();
      const { expiresAt } = await link.call<{ expiresAt: number }>("auth:refresh", { token });
      scheduleRenewal(expiresAt);
    } catch {
      // The token is another user's, say: the connection ends at the old one's expiry, and the next begins with this one.
      scheduleRenewal(Date.now() + 120_000);
    } finally {
      refreshing = false;
    }
  }
  function end(error?: RelayError): void {
    clearTimeout(timer);
    clearTimeout(renewal);
    become("closed", error);
    socket.disconnect();
  }

  const link: Link = {
    get state() {
      return state;
    },
    get welcome() {
      return welcome;
    },
    get limits() {
      return welcome?.limits;
    },
    async once<T extends object>(event: string, payload: object, timeoutMs = ANSWER_MS): Promise<T> {
      const ack = (await socket
        .timeout(timeoutMs)
        .emitWithAck(event, payload)
        .catch((cause: unknown) => {
          throw unreachable(cause);
        })) as Ack<T>;
      if (ack.ok) return ack;
      if (ack.error.code === "AUTH_EXPIRED") void refresh();
      throw new RelayError(ack.error);
    },
    async call<T extends object>(
      event: string,
      payload: object,
      { deadlineMs = CALL_MS, signal }: { deadlineMs?: number; signal?: AbortSignal } = {},
    ) {
      const end = Date.now() + deadlineMs;
      for (let tries = 0; ; tries++) {
        await online(end, signal);
        try {
          return await link.once<T>(event, payload, Math.min(ANSWER_MS, Math.max(1, end - Date.now())));
        } catch (error) {
          const wire = error instanceof RelayError ? error.wire : wireError("INTERNAL");
          const hopeless = !wire.retryable || wire.code === "RESUME_LOST";
          const waitMs = Math.max(wire.retryAfterMs ?? 0, backoff(tries));
          if (hopeless || Date.now() + waitMs > end || (wire.code === "INTERNAL" && tries > 0)) throw error;
          await pause(waitMs, signal);
        }
      }
    },
    on: (name, listener) => void socket.on(name, listener as (payload: unknown) => void),
    onState(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => end(),
  };

  /** Waits for the connection. @throws RelayError when it does not come by `end`, the signal's reason when aborted. */
  function online(end: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (state === "online") return Promise.resolve();
    if (state === "closed") return Promise.reject(unreachable());
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(late);
        listeners.delete(hear);
        signal?.removeEventListener("abort", abort);
        act();
      };
      const hear = (next: RelayState, error?: RelayError): void => {
        if (next === "online") settle(resolve);
        if (next === "closed") settle(() => reject(error ?? unreachable()));
      };
      const abort = (): void => settle(() => reject(signal?.reason as Error));
      const late = setTimeout(() => settle(() => reject(unreachable())), Math.max(0, end - Date.now()));
      listeners.add(hear);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  return link;
}

/** Waits. @throws the signal's reason when it is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    if (signal?.aborted) return abort();
    signal?.addEventListener("abort", abort, { once: true });
  });
}
