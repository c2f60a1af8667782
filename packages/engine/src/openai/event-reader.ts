import { createParser, type EventSourceMessage } from "eventsource-parser";
import { badReply } from "../failure/engine-error.ts";

/**
 * Parses server-sent events from the bytes of a response, which may be cut anywhere. Comments are dropped; servers send
 * them to keep a connection alive.
 * @throws EngineError `bad-reply` with reason `size` when an event has more than `maxEventChars`.
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

  /** Returns the events that end within these bytes. The beginning of a further event is kept for the next call. */
  read(bytes: Buffer): EventSourceMessage[] {
    return this.#feed(this.#decoder.decode(bytes, { stream: true }));
  }

  /** Returns the last event if the response ended without an empty line, as it does with some servers. */
  end(): EventSourceMessage[] {
    return this.#feed(`${this.#decoder.decode()}\n\n`);
  }

  #feed(text: string): EventSourceMessage[] {
    this.#parser.feed(text);
    const events = this.#events.splice(0);
    // The parser does not apply its limit to an event whose bytes arrive all at once, so it is checked here, too.
    if (this.#isTooLarge || events.some(({ data }) => data.length > this.#maxEventChars)) throw badReply("size");
    return events;
  }
}
