import {
  ChannelError,
  conversationIds,
  ownUploads,
  readText,
  type BlobStore,
  type OwnUpload,
  type Store,
} from "@docrelay/channel";
import type { OpenConversation } from "../conversation/open-conversation.ts";
import { readConversation } from "../conversation/read-conversation.ts";
import { toMarkdown } from "../conversation/markdown.ts";
import { TAR_END, tarHeader, tarPadding } from "./tar.ts";

/** The user whose data are exported; `signal` aborts when the client has disconnected or its token has expired. */
export interface Reader {
  readonly user: string;
  readonly signal: AbortSignal;
}

export interface ExportDeps {
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly openConversation: OpenConversation;
}

/**
 * Yields the parts of a tar archive with everything kept of a user: each conversation as JSON and as Markdown, each
 * file with its text, and at the end `export.json`, which lists them. If a file's bytes are no longer kept, only its
 * text is included. Only one file is in memory at a time.
 */
export async function* exportOf(deps: ExportDeps, reader: Reader): AsyncGenerator<Uint8Array> {
  const { store } = deps;
  const { user } = reader;
  const at = Date.now();
  const uploads = await ownUploads(store, user);
  const files = uploads.map(({ id, name, type, size, sha256, done }) => ({ id, name, type, size, sha256, done }));
  const conversations: object[] = [];
  for (const id of await conversationIds(store, user)) {
    const conversation = await readConversation(deps.openConversation, reader, id);
    if (!conversation) continue; // the conversation has expired or was deleted since the list was read
    conversations.push({ id, asks: conversation.asks.length });
    yield* whole(`conversations/${id}.json`, `${JSON.stringify(conversation, undefined, 2)}\n`, at);
    yield* whole(`conversations/${id}.md`, toMarkdown(conversation), at);
  }
  for (const upload of uploads) yield* fileOf(deps, upload, at);
  yield* whole("export.json", `${JSON.stringify({ user, at, conversations, files }, undefined, 2)}\n`, at);
  yield TAR_END;
}

async function* fileOf({ store, blobs }: ExportDeps, upload: OwnUpload, at: number): AsyncGenerator<Uint8Array> {
  const { id, ref, size, done, texts } = upload;
  for (const [index, key] of texts.entries()) {
    const text = await readText(store, key);
    if (text?.kind !== "text") continue;
    yield* whole(`files/${id}${index === 0 ? "" : `-${index + 1}`}.txt`, text.pages.join("\n"), at);
  }
  const bytes = done ? await readWhole(blobs, ref) : undefined;
  if (bytes?.length === size) yield* whole(`files/${id}.pdf`, bytes, at);
}

/**
 * Reads all bytes of a file; returns undefined when they are no longer kept. They may be released during the read, when
 * their text is stored: so the archive gets the file's header, which has the size, only after all bytes were read.
 */
async function readWhole(blobs: BlobStore, ref: string): Promise<Buffer | undefined> {
  try {
    return Buffer.concat(await Array.fromAsync(blobs.read(ref)));
  } catch (error) {
    if (error instanceof ChannelError && error.kind === "hole") return undefined;
    throw error;
  }
}

function* whole(name: string, content: string | Buffer, at: number): Generator<Uint8Array> {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  yield tarHeader(name, { size: bytes.length, at });
  yield bytes;
  yield tarPadding(bytes.length);
}
