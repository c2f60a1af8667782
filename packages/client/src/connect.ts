import type { Event, Limits, Progress } from "@docrelay/protocol";
import { sendAsk } from "./answer.ts";
import { createConversation, type Conversation, type LiveConversation } from "./conversation.ts";
import { newId } from "./id.ts";
import { createLink, type RelayState } from "./link.ts";
import { createOutbox } from "./outbox.ts";
import { RelayError } from "./relay-error.ts";
import { anonymousTokens, givenTokens } from "./session.ts";
import { memoryStorage, type Storage } from "./storage.ts";
import { upload, type FileInput, type UploadOptions } from "./upload.ts";

export interface ConnectOptions {
  /** Where docrelay is, for example `https://ask.example.org`; in a browser, the page's own origin by default. */
  readonly url?: string;
  /** A JWT of your own login, or how to get one. Without it an anonymous session is taken and kept in `storage`. */
  readonly token?: string | (() => Promise<string>);
  /** What survives a reload: the session and asks not yet acknowledged. `localStorage` in a browser, else memory. */
  readonly storage?: Storage;
  readonly fetch?: typeof fetch;
  onState?(state: RelayState, error?: RelayError): void;
}

/** A connection to docrelay, for any number of conversations. */
export interface Relay {
  readonly state: RelayState;
  /** Who the server says we are, and what it allows; undefined until the first connection. */
  readonly user: string | undefined;
  readonly limits: Limits | undefined;
  /** A conversation by id (a fresh one by default); the same object for the same id until it is closed. */
  conversation(id?: string): Conversation;
  /** Sends a file ahead of an ask. The same object sent again is the same upload. @throws RelayError */
  upload(file: FileInput, options?: UploadOptions): Promise<{ upload: string }>;
  /** Hears of the connection's state; returns how to stop. */
  onState(listener: (state: RelayState, error?: RelayError) => void): () => void;
  close(): void;
}

/** Connects, and stays connected. Nothing is awaited: what is asked before the connection is there goes out with it. */
export function connect(options: ConnectOptions = {}): Relay {
  const url = options.url ?? (globalThis as { location?: { origin: string } }).location?.origin;
  if (!url) throw new TypeError("connect needs a url outside of a browser");
  const storage = options.storage ?? browserStorage() ?? memoryStorage();
  const request = options.fetch ?? globalThis.fetch.bind(globalThis);
  const link = createLink(
    url,
    options.token === undefined ? anonymousTokens(url, storage, request) : givenTokens(options.token),
  );
  const outbox = createOutbox(storage, url);
  const conversations = new Map<string, LiveConversation>();
  const uploads = new WeakMap<object, Promise<string>>();

  link.on("event", (event: Event) => conversations.get(event.conversation)?.hearEvent(event));
  link.on("progress", (progress: Progress) => conversations.get(progress.conversation)?.hearProgress(progress));
  link.on("resync", () => conversations.forEach((conversation) => conversation.resync()));
  if (options.onState) link.onState((state, error) => options.onState?.(state, error));

  async function send(file: FileInput, more: UploadOptions): Promise<string> {
    const known = uploads.get(file);
    if (known) {
      return known.catch((error: unknown) => {
        // Another ask that shared the upload was stopped: this one was not.
        if (error instanceof RelayError || more.signal?.aborted) throw error;
        return send(file, more);
      });
    }
    const sending = upload(link, file, more);
    uploads.set(file, sending);
    sending.catch(() => uploads.delete(file));
    return sending;
  }

  return {
    get state() {
      return link.state;
    },
    get user() {
      return link.welcome?.user;
    },
    get limits() {
      return link.limits;
    },
    conversation(id = newId()) {
      const known = conversations.get(id);
      if (known) return known;
      const forget = (file: object): boolean => uploads.delete(file);
      const made = createConversation(id, { link, outbox, send, forget, onClose: () => conversations.delete(id) });
      conversations.set(id, made);
      // What a former page sent and heard no answer to.
      for (const ask of outbox.waiting(id)) sendAsk({ link, outbox }, ask).catch(() => undefined);
      return made;
    },
    async upload(file, more = {}) {
      return { upload: await send(file, more) };
    },
    onState: (listener) => link.onState(listener),
    close() {
      for (const conversation of conversations.values()) conversation.close();
      link.close();
    },
  };
}

function browserStorage(): Storage | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined; // forbidden by the browser
  }
}
