import { createParser, type EventSourceMessage } from "eventsource-parser";
import { badReply } from "../failure/engine-error.ts";

/**
 * Parses server-sent events from the bytes of a response, wherever the pieces are cut. Comments, which servers send to
 * keep a connection alive, are dropped.
 * @throws EngineError `bad-reply` with reason `size` when one event has more than `maxEventChars`.
 */
export class EventReader {
  readonly #decoder = new TextDecoder();
  readonly #events: EventSourceMessage[] = [];
  readonly #maxEventChars: number;
  readonly #parser;
  #isTooLarge = false;

  constructor(maxEventChars: number) {
    this.#maxEventChars = maxEventChars;
    this.#parser = createParser({
      onEvent: (event) => this.#events.push(event),
      onError: ({ type }) => (this.#isTooLarge ||= type === "max-buffer-size-exceeded"),
      maxBufferSize: maxEventChars,
    });
  }

  /** Returns the events that are complete with these bytes. */
  read(bytes: Buffer): EventSourceMessage[] {
    return this.#feed(this.#decoder.decode(bytes, { stream: true }));
  }

  /** Returns the last event of a response that ended without an empty line, as some servers do. */
  end(): EventSourceMessage[] {
    return this.#feed(`${this.#decoder.decode()}\n\n`);
  }

  #feed(text: string): EventSourceMessage[] {
    this.#parser.feed(text);
    const events = this.#events.splice(0);
    // The parser's limit does not cover an event that arrives whole in one chunk.
    if (this.#isTooLarge || events.some(({ data }) => data.length > this.#maxEventChars)) throw badReply("size");
    return events;
  }
}
