import { refuse, type Event, type WireError } from "@docrelay/protocol";
import type { ServerResponse } from "node:http";
import type { ApiCall } from "./call.ts";
import { watchReader } from "./watch-reader.ts";

/**
 * A response of server-sent events, one block for each event of the log: the block's `id` is the event's seq, `event`
 * its type, `data` its JSON.
 */
export interface EventStream {
  /** Sends an event. If more than `maxBufferBytes` wait for the client, ends the call with `SLOW_CONSUMER` instead. */
  send(event: Event): void;
  /**
   * Sends `block`, the text of one whole block. If more than `maxBufferBytes` wait for the client, ends the call with
   * `SLOW_CONSUMER` instead.
   */
  write(block: string): void;
  /** Calls `callback` once: as soon as the client has read all, or nearly all, sent bytes, or has disconnected. */
  whenRoom(callback: () => void): void;
  end(): void;
}

const ROOM_BYTES = 65_536;
const CUT_MS = 2000;
const HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-store, no-transform",
  // Some proxies buffer a response before they pass it on; this header stops nginx from doing so.
  "x-accel-buffering": "no",
};

/**
 * Begins the response and checks it at intervals. If no sent bytes wait for the client, a comment line is sent, so that
 * no proxy closes the idle stream. If bytes wait and the client has read none since the last check, the client is ended
 * as a slow consumer.
 */
export function openEventStream(call: ApiCall, maxBufferBytes: number): EventStream {
  const { response } = call;
  response.writeHead(200, HEADERS);
  response.flushHeaders();
  let callbacks: Array<() => void> = [];
  const hasRoom = (): boolean => response.closed || response.destroyed || response.writableLength <= ROOM_BYTES;
  const drained = (): void => {
    if (!hasRoom()) return;
    const ready = callbacks;
    callbacks = [];
    for (const callback of ready) callback();
  };
  watchReader(call, () => response.write(": \n\n"));
  response.on("drain", drained);
  response.once("close", drained);

  const write = (block: string): void => {
    if (response.closed || response.destroyed || response.writableEnded) return;
    // `maxBufferBytes` is checked before a block is added, so the waiting bytes may exceed it by one block.
    if (response.writableLength > maxBufferBytes) return call.end(refuse("SLOW_CONSUMER", { retryAfterMs: 0 }));
    response.write(block);
  };

  return {
    send: (event) => write(`id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`),
    write,
    whenRoom(callback) {
      if (hasRoom()) return callback();
      callbacks.push(callback);
    },
    end: () => void response.end(),
  };
}

/** Returns the block that tells a client why its stream ends early: an event `closing`, without an id. */
export const closingBlock = (error: WireError): string => `event: closing\ndata: ${JSON.stringify(error)}\n\n`;

/**
 * Ends a stream early: sends the reason in a last `block`, then cuts the connection, so that the client does not
 * take the stream for complete.
 */
export function cutStream(response: ServerResponse, error: WireError, block = closingBlock(error)): void {
  // A client is a slow consumer because it does not read; so it would not read the reason either.
  if (error.code === "SLOW_CONSUMER" || response.destroyed) return void response.destroy();
  const socket = response.socket;
  response.write(block, () => socket?.destroySoon());
  setTimeout(() => response.destroy(), CUT_MS).unref();
}
