import type { FanOut } from "@docrelay/channel";
import type { Logger } from "@docrelay/platform";
import { ERRORS, refuse, wireError, type ErrorCode, type Event, type WireError } from "@docrelay/protocol";
import { randomUUID } from "node:crypto";
import type { WebSocket } from "ws";
import { strike, type Strikes } from "../limits/rate-limit.ts";
import type { AcceptAsk } from "../asks/accept-ask.ts";
import { toFailure } from "../report/failure.ts";
import type { EdgeMetrics } from "../report/metrics.ts";
import { acceptPatiently } from "./accept.ts";
import { decodePlainFrame, type DecodedFrame, type PlainLimits } from "./frame-decoder.ts";
import type { FrameThreads } from "./frame-threads.ts";
import { followConversation, type PlainReader, type ReaderDeps } from "./reader.ts";
import { deltaFrame, errorFrame, replyFrame, type UniqueId } from "./reply.ts";
import type { Slots } from "../limits/slots.ts";
import type { ClientConnection } from "../drain.ts";

export interface ConnectionDeps {
  readonly fanOut: FanOut;
  readonly openConversation: ReaderDeps["open"];
  readonly acceptAsk: AcceptAsk;
  readonly cancel: (user: string, conversation: string, ask: string) => Promise<unknown>;
  readonly limits: PlainLimits;
  readonly frameBytes: number;
  readonly askDeadlineMs: number;
  readonly maxSocketBufferBytes: number;
  readonly threads: FrameThreads;
  /** Big frames from their decoding until their ask is stored. */
  readonly bigFrames: Slots;
  readonly metrics: EdgeMetrics;
  readonly log: Logger;
  onTrouble(error: unknown): void;
}

/** One plain socket: a conversation of its own, from its first frame until it closes. */
export interface PlainConnection extends ClientConnection {
  /** Reading is held back: pongs are not heard either. */
  readonly working: boolean;
  /** Says why and closes. Once; later calls do nothing. */
  end(code: ErrorCode, more?: { message: string }): void;
  /** The socket has closed. */
  closed(): void;
}

/** Larger text frames are decoded in a thread: 33 MB on the loop would hold up everybody. */
const BIG_FRAME_BYTES = 262_144;
/** Closes for a reason that the table has no close code for: `BUSY`. */
const TRY_AGAIN_LATER = 1013;
/** Beyond an ask's deadline, when its end ought to be in the log: it is not, so the log has lost it. */
const OVERDUE_MS = 15_000;

interface Pending {
  readonly uniqueId: UniqueId;
  readonly stream: boolean;
  readonly overdue: NodeJS.Timeout;
  attempt: number;
}

/** `expiresAt`: when its token runs out, in ms since the epoch; Infinity for a socket that is its own user. */
export function servePlain(
  deps: ConnectionDeps,
  ws: WebSocket,
  { user, expiresAt }: { readonly user: string; readonly expiresAt: number },
): PlainConnection {
  const { metrics, limits } = deps;
  const conversation = randomUUID();
  const pending = new Map<string, Pending>();
  const frames: Array<{ data: Buffer; isBinary: boolean }> = [];
  let reader: PlainReader | undefined;
  let working = false;
  let over = false;
  let strikes: Strikes = [];

  function send(frame: string): void {
    if (over) return;
    // One frame may exceed the cap by its own size, since it is counted when the next one comes.
    if (ws.bufferedAmount > deps.maxSocketBufferBytes) return end("SLOW_CONSUMER");
    ws.send(frame, () => undefined); // a socket that breaks says so by closing
  }

  function end(code: ErrorCode, more?: { message: string }): void {
    if (over) return;
    // Who does not read would not read this either.
    if (code !== "SLOW_CONSUMER") send(errorFrame(wireError(code, more), undefined));
    if (over) return; // that was one frame too many
    metrics.closed(code);
    finish();
    ws.close(ERRORS[code].close || TRY_AGAIN_LATER, code);
  }

  function finish(): void {
    over = true;
    frames.length = 0;
    for (const { overdue } of pending.values()) clearTimeout(overdue);
    pending.clear();
    reader?.stop();
  }

  function hear(event: Event): void {
    try {
      apply(event);
    } catch (error) {
      deps.log.error({ err: error, event: "plain" }, "bug");
      end("INTERNAL");
    }
  }

  function apply(event: Event): void {
    const waiting = pending.get(event.ask);
    if (!waiting) return;
    const { uniqueId, stream } = waiting;
    switch (event.type) {
      case "started":
        waiting.attempt = Math.max(waiting.attempt, event.attempt);
        return;
      case "delta":
        if (stream && event.attempt >= waiting.attempt) send(deltaFrame(event.text, uniqueId));
        return;
      case "completed":
        settle(event.ask);
        return send(replyFrame(event, uniqueId));
      case "failed":
        settle(event.ask);
        return send(errorFrame(event.error, uniqueId));
      case "cancelled":
        settle(event.ask);
        return send(errorFrame(wireError("ASK_EXPIRED", { message: "The question was cancelled." }), uniqueId));
      default:
    }
  }

  function settle(ask: string): void {
    clearTimeout(pending.get(ask)?.overdue);
    pending.delete(ask);
  }

  function watch(ask: string, uniqueId: UniqueId, stream: boolean): void {
    const overdue = setTimeout(() => {
      settle(ask);
      send(errorFrame(wireError("ASK_EXPIRED"), uniqueId));
    }, deps.askDeadlineMs + OVERDUE_MS);
    overdue.unref();
    pending.set(ask, { uniqueId, stream, overdue, attempt: 0 });
  }

  async function ask(frame: DecodedFrame): Promise<void> {
    const { uniqueId } = frame;
    if (over) return; // it closed while this was decoded
    if (frame.refused) return refused(frame.refused, uniqueId);
    const id = randomUUID();
    try {
      if (Date.now() >= expiresAt) throw refuse("AUTH_EXPIRED");
      const { message, stream, files } = frame;
      reader ??= followConversation(
        { fanOut: deps.fanOut, open: deps.openConversation, toWire: (error) => toFailure(error).wire },
        { user, conversation },
        hear,
        () => end("INTERNAL"),
      );
      // Before it is accepted: its reply may be here sooner than the acknowledgement.
      watch(id, uniqueId, stream);
      const more = typeof uniqueId === "string" ? { uniqueId } : {};
      const input = { user, conversation, id, message, files, origin: "plain", ...more } as const;
      const startedAt = performance.now();
      const accepted = await acceptPatiently(deps.acceptAsk, input, deps.frameBytes, () => over);
      metrics.answered("plain", "ok");
      metrics.asked((performance.now() - startedAt) / 1000);
      reader.asked(id, accepted);
    } catch (error) {
      const known = pending.has(id); // else its end was heard, or the socket is gone
      settle(id);
      const { wire, severity } = toFailure(error);
      // It may be durable all the same. Nobody waits for it any more.
      if (severity !== "refused") deps.cancel(user, conversation, id).catch(deps.onTrouble);
      if (known || severity === "refused") refused(wire, uniqueId, error);
    }
  }

  function refused(wire: WireError, uniqueId: UniqueId, error?: unknown): void {
    metrics.answered("plain", wire.code);
    const { severity } = error === undefined ? { severity: "refused" } : toFailure(error);
    if (severity === "bug") deps.log.error({ err: error, event: "plain" }, "bug");
    else if (severity === "store") deps.onTrouble(error);
    send(errorFrame(wire, uniqueId));
    if (wire.code !== "BAD_MESSAGE") return;
    const struck = strike(strikes, Date.now());
    strikes = struck.strikes;
    if (struck.out) end("BAD_MESSAGE", { message: "Too many messages that could not be read." });
  }

  async function handle(data: Buffer, isBinary: boolean): Promise<void> {
    if (isBinary) {
      const wire = wireError("BAD_MESSAGE", { reason: "binary", message: "Send text frames." });
      return refused(wire, undefined);
    }
    if (data.length <= BIG_FRAME_BYTES) return ask(decodePlainFrame(data, limits));
    await deps.bigFrames.run(async () => {
      if (!over) await ask(await deps.threads.decode(data)); // it may have closed while it stood in line
    });
  }

  /** One frame after the other, each until its ask is durable; meanwhile the network holds what comes next, not we. */
  async function work(): Promise<void> {
    if (working) return;
    working = true;
    ws.pause();
    for (let frame = frames.shift(); frame && !over; frame = frames.shift()) {
      try {
        await handle(frame.data, frame.isBinary);
      } catch (error) {
        refused(toFailure(error).wire, undefined, error);
      }
    }
    working = false;
    ws.resume();
  }

  ws.on("message", (data, isBinary) => {
    if (over) return;
    frames.push({ data: data as Buffer, isBinary });
    void work();
  });

  return {
    get working() {
      return working;
    },
    get pending() {
      return pending.size;
    },
    end,
    shutDown: () => end("SHUTTING_DOWN"),
    closed: () => void (over || finish()),
  };
}
