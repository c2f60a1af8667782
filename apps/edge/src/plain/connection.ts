import type { FanOut } from "@docrelay/channel";
import type { Logger } from "@docrelay/platform";
import { ERRORS, refuse, wireError, type ErrorCode, type Event, type WireError } from "@docrelay/protocol";
import { randomUUID } from "node:crypto";
import type { WebSocket } from "ws";
import type { AcceptAsk } from "../asks/accept-ask.ts";
import { acceptPatiently } from "../asks/accept-patiently.ts";
import type { CancelAsk } from "../asks/cancel-ask.ts";
import type { Identity } from "../auth/authenticator.ts";
import { REVOKED } from "../auth/revocations.ts";
import { followConversation, type ConversationReader } from "../conversation/follow-conversation.ts";
import type { OpenConversation } from "../conversation/open-conversation.ts";
import type { ClientConnection } from "../limits/client-connection.ts";
import { pauseReading, type Pace } from "../limits/pace.ts";
import { strike, type RateLimiter, type Strikes } from "../limits/rate-limit.ts";
import type { Slots } from "../limits/slots.ts";
import { toFailure } from "../report/failure.ts";
import type { EdgeMetrics } from "../report/metrics.ts";
import { decodePlainFrame, type DecodedFrame, type PlainLimits } from "./frame-decoder.ts";
import { createFrameInbox, type FrameInbox } from "./frame-inbox.ts";
import type { FrameThreads } from "./frame-threads.ts";
import { createPendingAsks, type PendingAsks } from "./pending-asks.ts";
import { errorFrame, idText, type UniqueId } from "./reply.ts";

export interface ConnectionDeps {
  readonly fanOut: FanOut;
  readonly openConversation: OpenConversation;
  readonly acceptAsk: AcceptAsk;
  readonly cancelAsk: CancelAsk;
  readonly limits: PlainLimits;
  readonly maxFrameBytes: number;
  readonly askDeadlineMs: number;
  readonly maxSocketBufferBytes: number;
  readonly threads: FrameThreads;
  /** Bounds how many large frames are handled at a time, from their decoding until their ask is stored. */
  readonly largeFrames: Slots;
  /** Limits how many large frames one network, or one user if `USERS_PER_ADDRESS` is 0, may send to this edge. */
  readonly largeRate: RateLimiter;
  readonly pace: Pace;
  readonly metrics: EdgeMetrics;
  readonly log: Logger;
  onTrouble(error: unknown): void;
}

/**
 * Text frames of more bytes than this are decoded in a thread: decoding 33 MB on the event loop would delay all
 * connections.
 */
const LARGE_FRAME_BYTES = 262_144;
/** The WebSocket close code for errors that have none in the protocol's table, such as `BUSY`. */
const TRY_AGAIN_LATER = 1013;
/** An ask that has no terminal event this long after its deadline counts as lost. */
const OVERDUE_MS = 15_000;

type AskFrame = Extract<DecodedFrame, { readonly message: string }>;

/** One socket of `/ws/chat`. All its asks are in one new conversation, which no other socket uses. */
export class PlainConnection implements ClientConnection {
  readonly #deps: ConnectionDeps;
  readonly #ws: WebSocket;
  readonly identity: Identity;
  readonly #conversation = randomUUID();
  readonly #asks: PendingAsks;
  readonly #inbox: FrameInbox;
  #reader: ConversationReader | undefined;
  /** Whether the frame that is being handled has more than `LARGE_FRAME_BYTES`. */
  #isLarge = false;
  #isOver = false;
  #strikes: Strikes = [];

  /** `identity.expiresAt` is Infinity for a socket without a token: its user was created for this socket only. */
  constructor(deps: ConnectionDeps, ws: WebSocket, identity: Identity) {
    this.#deps = deps;
    this.#ws = ws;
    this.identity = identity;
    this.#asks = createPendingAsks(deps.askDeadlineMs + OVERDUE_MS, (frame) => this.#send(frame));
    this.#inbox = createFrameInbox(ws, async (data, isBinary) => {
      try {
        await this.#handle(data, isBinary);
      } catch (error) {
        this.#refuse(toFailure(error).wire, undefined, error);
      }
    });
  }

  get pending(): number {
    return this.#asks.count;
  }

  shutDown(): void {
    this.end("SHUTTING_DOWN");
  }

  revoked(): void {
    this.end("AUTH_INVALID", { message: REVOKED });
  }

  /** Sends the reason, then closes the socket. Idempotent. */
  end(code: ErrorCode, more?: { message: string }): void {
    if (this.#isOver) return;
    // A client that reads nothing would not read the reason either.
    if (code !== "SLOW_CONSUMER") this.#send(errorFrame(wireError(code, more), undefined));
    if (this.#isOver) return; // `#send` has found the buffer full and ended the connection already
    this.#deps.metrics.closed(code);
    this.closed();
    this.#ws.close(ERRORS[code].close || TRY_AGAIN_LATER, code);
  }

  /** Must be called when the socket has closed; the socket's asks continue. Idempotent. */
  closed(): void {
    this.#isOver = true;
    this.#inbox.close();
    this.#asks.clear();
    this.#reader?.stop();
  }

  #send(frame: string): void {
    if (this.#isOver) return;
    // `maxSocketBufferBytes` is checked before a frame is added, so the waiting bytes may exceed it by one frame.
    if (this.#ws.bufferedAmount > this.#deps.maxSocketBufferBytes) return this.end("SLOW_CONSUMER");
    this.#ws.send(frame, () => undefined); // the error is ignored here: a socket that failed also emits `close`
  }

  async #handle(data: Buffer, isBinary: boolean): Promise<void> {
    const { limits, largeFrames, largeRate, pace, threads } = this.#deps;
    if (isBinary) {
      const wire = wireError("BAD_MESSAGE", { reason: "binary", message: "Send text frames." });
      return this.#refuse(wire, undefined);
    }
    this.#isLarge = data.length > LARGE_FRAME_BYTES;
    if (!this.#isLarge) return this.#ask(decodePlainFrame(data, limits));
    // `largeRate` counts every large frame before it is decoded: the decoding is the costly part, and the frame's
    // content is known only afterwards.
    const name = pace.nameOf(this.identity.user);
    const waitMs = largeRate.take(name, performance.now());
    if (waitMs > 0) throw refuse("RATE_LIMITED", { retryAfterMs: waitMs });
    await largeFrames.run(async () => {
      if (!this.#isOver) await this.#ask(await threads.decode(data)); // the socket may have closed during the wait
    }, name);
  }

  async #ask(frame: DecodedFrame): Promise<void> {
    const { uniqueId } = frame;
    if (this.#isOver) return; // the socket has closed during the decoding
    if ("ignored" in frame) return;
    if (frame.refused) return this.#refuse(frame.refused, uniqueId);
    const id = randomUUID();
    try {
      if (Date.now() >= this.identity.expiresAt) throw refuse("AUTH_EXPIRED");
      this.#reader ??= this.#follow();
      // The ask is added before its acceptance, because its reply may arrive before `accept` has returned.
      this.#asks.add(id, { uniqueId, stream: frame.stream });
      this.#reader.asked(id, await this.#accept(id, frame));
    } catch (error) {
      const isPending = this.#asks.has(id); // false if its terminal event has arrived or the socket has closed
      this.#asks.remove(id);
      const { wire, severity } = toFailure(error);
      // The ask may be durable although the acceptance failed; it is cancelled, because no client could read its reply.
      if (severity !== "refused") {
        this.#deps.cancelAsk(this.identity.user, this.#conversation, id).catch(this.#deps.onTrouble);
      }
      if (isPending || severity === "refused") this.#refuse(wire, uniqueId, error);
    }
  }

  async #accept(id: string, { message, files, uniqueId }: AskFrame): Promise<{ seq: number; duplicate: boolean }> {
    const { acceptAsk, maxFrameBytes, metrics } = this.#deps;
    const { user } = this.identity;
    const more = uniqueId === null || uniqueId === undefined ? {} : { uniqueId: idText(uniqueId) };
    const input = { user, conversation: this.#conversation, id, message, files, origin: "plain", ...more } as const;
    const startedAt = performance.now();
    const accepted = await acceptPatiently(acceptAsk, input, maxFrameBytes, () => this.#isOver);
    metrics.answered("plain", "ok");
    metrics.asked((performance.now() - startedAt) / 1000);
    return accepted;
  }

  #follow(): ConversationReader {
    const { fanOut, openConversation: open } = this.#deps;
    return followConversation(
      { fanOut, open, toWire: (error) => toFailure(error).wire },
      { user: this.identity.user, conversation: this.#conversation },
      { apply: (event) => this.#apply(event), fail: () => this.end("INTERNAL") },
    );
  }

  #apply(event: Event): void {
    try {
      this.#asks.apply(event);
    } catch (error) {
      this.#deps.log.error({ err: error, event: "plain" }, "bug");
      this.end("INTERNAL");
    }
  }

  #refuse(wire: WireError, uniqueId: UniqueId, error?: unknown): void {
    const { metrics, log, onTrouble, pace } = this.#deps;
    metrics.answered("plain", wire.code);
    const severity = error === undefined ? "refused" : toFailure(error).severity;
    if (severity === "bug") log.error({ err: error, event: "plain" }, "bug");
    else if (severity === "store") onTrouble(error);
    this.#send(errorFrame(wire, uniqueId));
    pauseReading(this.#ws, pace.refused(pace.nameOf(this.identity.user)));
    // A bad frame counts as a strike against the connection, and so does a large frame with an error that no retry can
    // mend, because its decoding was costly.
    if (wire.code !== "BAD_MESSAGE" && !(this.#isLarge && !wire.retryable)) return;
    const struck = strike(this.#strikes, performance.now());
    this.#strikes = struck.strikes;
    if (struck.out) this.end("BAD_MESSAGE", { message: "Too many messages that could not be read." });
  }
}
