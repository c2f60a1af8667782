import type { Limits, Usage } from "./wire/contract.ts";
import { readUsage } from "./wire/payloads.ts";
import { createConversations, type Conversations } from "./conversations.ts";
import { createConversation, type Conversation, type LiveConversation } from "./conversation.ts";
import { newId } from "./id.ts";
import { addressOf } from "./link/address.ts";
import { createGet, readJson } from "./link/get.ts";
import { createLink } from "./link/link.ts";
import { createOutbox } from "./asking/outbox.ts";
import type { RelayError } from "./wire/relay-error.ts";
import type { RelayState } from "./link/relay-state.ts";
import { anonymousTokens, givenTokens } from "./link/session.ts";
import { single } from "./link/single.ts";
import { browserStorage, type Storage } from "./storage.ts";
import type { FileInput, UploadOptions } from "./uploads/upload.ts";
import { createDownload, type DownloadOptions, type UploadPart } from "./uploads/download.ts";
import { createUploads } from "./uploads/uploads.ts";
import { createUploadTexts, type UploadTexts } from "./uploads/upload-text.ts";
import { createUploadStages, type UploadListener } from "./uploads/upload-stages.ts";

export interface ConnectOptions {
  /**
   * The address of docrelay: an origin, for example `https://ask.example.org`, or an origin with the path under which a
   * proxy serves docrelay. Default in a browser: the origin of the page.
   */
  readonly url?: string;
  /**
   * A JWT of your own login, or a function that fetches one. Without a token, the client gets an anonymous session from
   * the server and keeps it in `storage`.
   */
  readonly token?: string | (() => Promise<string>);
  /**
   * Keeps the session, and asks that were not acknowledged, across reloads. Default: `localStorage` in a browser,
   * otherwise memory.
   */
  readonly storage?: Storage;
  readonly fetch?: typeof fetch;
  /**
   * Called at each change of the connection's state. `error`: why the state became `offline` or `closed`, if that is
   * known.
   */
  onState?(state: RelayState, error?: RelayError): void;
}

/** A connection to docrelay, which any number of conversations share. */
export interface Relay {
  readonly state: RelayState;
  /** The id of the user, as the server sent it. Undefined until the first connection, like the server's `limits`. */
  readonly user: string | undefined;
  readonly limits: Limits | undefined;
  /**
   * Returns the conversation with this id (default: a new id). The same id gives the same object until the conversation
   * is closed.
   */
  conversation(id?: string): Conversation;
  readonly conversations: Conversations;
  /** Uploads a file before it is asked about. Safe to repeat: the same object is uploaded once. @throws RelayError */
  upload(file: FileInput, options?: UploadOptions): Promise<{ upload: string }>;
  /**
   * Calls the listener with the current stage of an upload of this user, made in any tab or on any device, and with
   * each later stage until `ready` or `failed`. So a web page knows before the ask how many pages a file has, or that
   * the file needs a password. Returns a function that removes the listener. The listener is never called if the
   * server's `welcome.features` lack `upload:status`.
   */
  onUpload(upload: string, listener: UploadListener): () => void;
  /**
   * Downloads an upload of this user, made in any tab or on any device: its bytes, or its extracted text. @throws
   * RelayError `NOT_FOUND`; `RESUME_LOST` when the bytes are no longer kept; for a text, the reason why there is none
   */
  download(upload: string, part: UploadPart, options?: DownloadOptions): Promise<Blob>;
  readonly uploads: UploadTexts;
  /** Resolves with the user's daily quotas and how much of them is used. @throws RelayError */
  usage(): Promise<Usage>;
  /** Calls the listener at each change of the connection's state. Returns a function that removes the listener. */
  onState(listener: (state: RelayState, error?: RelayError) => void): () => void;
  close(): void;
}

/**
 * Connects, and reconnects until `close`. Returns at once: asks that are made before the connection is up wait for it.
 * @throws TypeError for a url that is not absolute, or that is not http: or https:
 */
// oxlint-disable-next-line max-lines-per-function -- joins the parts of the SDK, each in a line or two
export function connect(options: ConnectOptions = {}): Relay {
  const url = options.url ?? (globalThis as { location?: { origin: string } }).location?.origin;
  if (!url) throw new TypeError("connect needs a url outside of a browser");
  const address = addressOf(url);
  const storage = options.storage ?? browserStorage();
  const request = options.fetch ?? globalThis.fetch.bind(globalThis);
  const tokens =
    options.token === undefined ? anonymousTokens(address.base, storage, single(request)) : givenTokens(options.token);
  const link = createLink({ address, tokens, request });
  const outbox = createOutbox(storage, address.base, tokens);
  const uploads = createUploads(link);
  const get = createGet(address.base, tokens, single(request));
  const download = createDownload(get);
  const stages = createUploadStages(link);
  const list = createConversations(link);
  const conversations = new Map<string, LiveConversation>();

  link.hear({
    event: (entry) => conversations.get(entry.conversation)?.hearEvent(entry),
    progress: (progress) => conversations.get(progress.conversation)?.hearProgress(progress),
    upload: (status) => stages.hear(status),
    conversations: (hint) => list.hear(hint),
    resync() {
      list.hear();
      for (const each of conversations.values()) each.resync();
      stages.askAgain();
    },
  });
  if (options.onState) link.onState((state, error) => options.onState?.(state, error));

  function conversation(id: string): LiveConversation {
    const known = conversations.get(id);
    if (known) return known;
    const made = createConversation(id, {
      link,
      outbox,
      ...uploads,
      register() {
        // A closed conversation stays in `conversations` until none of its asks is on its way any more. If it is read
        // again later, it is put back. That fails if another `Conversation` object for the same id was made meanwhile.
        if ((conversations.get(id) ?? made) !== made)
          throw new Error(`conversation ${id} was closed, and another object has its place`);
        conversations.set(id, made);
      },
      unregister: () => conversations.get(id) === made && conversations.delete(id),
    });
    conversations.set(id, made);
    return made;
  }
  let restored: string | undefined;
  /**
   * Sends the asks that an earlier web page of the same user left in the storage, also those of conversations that this
   * web page does not show.
   */
  function restore(): void {
    if (tokens.user === restored) return;
    restored = tokens.user;
    for (const each of [...conversations.values()]) each.restore();
    for (const ask of outbox.kept()) conversation(ask.conversation);
  }
  // The asks in the storage are restored each time the connection comes up. They cannot be restored earlier if a
  // function of the application fetches the token, because the user is not known before.
  let wasOnline = false;
  link.onState((state) => {
    for (const each of conversations.values()) each.connectionChanged();
    if (state !== "online") return;
    restore();
    if (wasOnline) list.hear();
    wasOnline = true;
  });
  restore();

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
    conversation: (id = newId()) => conversation(id),
    conversations: list,
    async upload(file, more = {}) {
      return { upload: await uploads.upload(file, more) };
    },
    onUpload: (upload, listener) => stages.follow(upload, listener),
    download,
    uploads: createUploadTexts(download),
    usage: async () => readJson(readUsage, await get("/v1/usage", async (response) => response.text())),
    onState: (listener) => link.onState(listener),
    close() {
      for (const each of [...conversations.values()]) each.close();
      link.close();
    },
  };
}
