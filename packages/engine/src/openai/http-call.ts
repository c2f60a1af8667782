import { request as requestHttp, type Agent, type ClientRequest, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import { connectFailure } from "../failure/connect-failure.ts";
import { failure, type EngineError } from "../failure/engine-error.ts";

/** The server to which an engine sends its requests. Times are in ms. */
export interface HttpTarget {
  readonly url: URL;
  readonly agent: Agent;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * How many ms connecting may take, TCP and TLS together. The wait for a free connection of `agent` does not count.
   */
  readonly connectTimeoutMs: number;
  /** Secrets, which are removed from error messages. */
  readonly secrets: readonly string[];
}

/** A request. `url`: used instead of the target's URL. */
export type HttpRequest =
  | {
      readonly method: "POST";
      readonly url?: URL;
      readonly body: Buffer;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly method: "GET"; readonly url: URL };

type Deadline = Extract<EngineError["why"], "timeout-send" | "timeout-first" | "timeout-idle">;

/** For how many ms the rest of a complete reply is read, so that its connection can be used again. */
const DRAIN_MS = 1000;
const RESET_CODES = new Set(["ECONNRESET", "EPIPE"]);

/**
 * One HTTP request, whose response is read piece by piece. Disposing closes the connection, unless {@link release} was
 * called. Each wait throws an `EngineError` when its deadline has passed, and the signal's reason after an abort.
 */
export class HttpCall implements Disposable {
  /** When the whole body of the request was sent, or the response began before that; a time of `performance.now()`. */
  sentAt: number | undefined;
  readonly #request: ClientRequest;
  readonly #secrets: readonly string[];
  readonly #signal: AbortSignal;
  readonly #sent = Promise.withResolvers<void>();
  readonly #answered = Promise.withResolvers<IncomingMessage>();
  #chunks: NodeJS.AsyncIterator<Buffer> | undefined;
  #response: IncomingMessage | undefined;
  #connectTimer: NodeJS.Timeout | undefined;
  #released = false;

  constructor(target: HttpTarget, request: HttpRequest, signal: AbortSignal) {
    this.#signal = signal;
    this.#secrets = target.secrets;
    this.#sent.promise.catch(() => undefined);
    this.#answered.promise.catch(() => undefined);
    const send = target.url.protocol === "https:" ? requestHttps : requestHttp;
    const body = request.method === "POST" ? request.body : undefined;
    this.#request = send(request.url ?? target.url, {
      method: request.method,
      agent: target.agent,
      headers: {
        accept: "text/event-stream, application/json",
        ...(body && { "content-type": "application/json", "content-length": body.length }),
        ...(request.method === "POST" && request.headers),
        ...target.headers,
      },
    });
    this.#listen(target.connectTimeoutMs);
    this.#request.end(body);
    if (signal.aborted) this.#abort();
    else signal.addEventListener("abort", this.#abort, { once: true });
  }

  /** Whether the server closed a kept connection before it read this request, so that the request may be sent again. */
  get wasStale(): boolean {
    return this.#request.reusedSocket && this.#response === undefined;
  }

  /**
   * Resolves when the body is sent, or when the response begins: a server may respond before it has read everything.
   */
  async whenSent(timeoutMs: number): Promise<void> {
    await this.#within(this.#sent.promise, timeoutMs, "timeout-send");
    this.sentAt ??= performance.now();
  }

  async response(timeoutMs: number): Promise<IncomingMessage> {
    return this.#within(this.#answered.promise, timeoutMs, "timeout-first");
  }

  /**
   * Returns the next bytes of the response; undefined at its end. @throws EngineError `cut` when the connection broke
   * before the end.
   */
  async next(timeoutMs: number, deadline: Deadline): Promise<Buffer | undefined> {
    const chunks = (this.#chunks ??= (await this.#answered.promise).iterator({ destroyOnReturn: false }));
    const { done, value } = await this.#within(chunks.next(), timeoutMs, deadline);
    return done === true ? undefined : value;
  }

  /**
   * Call it when the reply is complete: the rest of the response is dropped, and the connection is kept for another
   * call.
   */
  release(): void {
    this.#released = true;
    const response = this.#response;
    if (!response || response.readableEnded) return;
    const timer = setTimeout(() => this.#request.destroy(), DRAIN_MS);
    response.once("close", () => clearTimeout(timer));
    // Only when the iteration has ended can the rest of the response be read and dropped.
    void this.#chunks?.return?.().then(() => response.resume());
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#connectTimer);
    this.#signal.removeEventListener("abort", this.#abort);
    if (!this.#released) this.#request.destroy();
  }

  readonly #abort = (): void => {
    this.#fail(this.#signal.reason as Error);
    this.#request.destroy();
  };

  readonly #fail = (error: Error): void => {
    this.#sent.reject(error);
    this.#answered.reject(error);
  };

  #listen(connectTimeoutMs: number): void {
    const request = this.#request;
    request.on("socket", (socket) => {
      if (!socket.connecting) return;
      this.#connectTimer = setTimeout(() => {
        this.#fail(failure("timeout-connect"));
        request.destroy();
      }, connectTimeoutMs);
      socket.once("encrypted" in socket ? "secureConnect" : "connect", () => clearTimeout(this.#connectTimer));
    });
    request.once("finish", () => {
      this.sentAt ??= performance.now();
      this.#sent.resolve();
    });
    request.once("response", (response) => {
      this.#response = response;
      response.on("error", () => undefined); // without a listener the error would end the process; the iteration reports it
      this.#sent.resolve();
      this.#answered.resolve(response);
    });
    request.on("error", (error) => this.#fail(this.#errorOf(error)));
    request.once("close", () => this.#fail(failure("reset")));
  }

  #errorOf(error: Error & { code?: string }): Error {
    if (this.#signal.aborted) return this.#signal.reason as Error;
    if (this.#response) return failure("cut", { cause: error });
    return RESET_CODES.has(error.code ?? "")
      ? failure("reset", { cause: error })
      : connectFailure(error, this.#secrets);
  }

  async #within<T>(wait: Promise<T>, timeoutMs: number, deadline: Deadline): Promise<T> {
    // If nothing awaits this promise any more, its rejection would end the process.
    wait.catch(() => undefined);
    this.#signal.throwIfAborted();
    const late = Promise.withResolvers<never>();
    let last: NodeJS.Immediate | undefined;
    // If this process was suspended, timers fire before its sockets are read, so the bytes may be there already. One
    // more round of the event loop reads them.
    const timer = setTimeout(() => (last = setImmediate(() => late.reject(failure(deadline)))), timeoutMs);
    try {
      return await Promise.race([wait, late.promise]);
    } catch (error) {
      this.#signal.throwIfAborted();
      throw error instanceof Error && error.name !== "EngineError" ? this.#errorOf(error) : error;
    } finally {
      clearTimeout(timer);
      clearImmediate(last);
    }
  }
}
