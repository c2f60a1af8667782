import { isOver, type Turn } from "@docrelay/client";
import type { FileUIPart, UIMessage } from "ai";

/** The metadata of a message: what it states about its ask. */
export interface DocrelayMetadata {
  /** The id of the ask, which is also the id of the user's message. The answer's message has `a-` before this id. */
  readonly ask: string;
  readonly state: Turn["state"];
  readonly engine?: Turn["engine"];
  readonly timings?: Turn["timings"];
  readonly truncated?: Turn["truncated"];
  readonly suggestions?: Turn["suggestions"];
  /** Why the ask failed or was refused. */
  readonly error?: Turn["error"];
}

/** A file of the question, with the result of its extraction. `file`: the file's index in the question. */
export type Extracted = Turn["files"][number] & { readonly file: number };

export type DocrelayMessage = UIMessage<
  DocrelayMetadata,
  { progress: NonNullable<Turn["progress"]>; extracted: Extracted }
>;

/** The beginning of the url of a file part that refers to an upload. The upload's id follows. */
export const UPLOAD = "docrelay:";

/**
 * Makes a file part that refers to a finished upload, for example one of `relay.upload`. So the message need not
 * contain the file's bytes.
 */
export function fileRef(upload: { readonly upload: string; readonly name?: string } | string): FileUIPart {
  const { upload: id, name } = typeof upload === "string" ? { upload, name: undefined } : upload;
  return {
    type: "file",
    mediaType: "application/pdf",
    url: UPLOAD + id,
    ...(name !== undefined && { filename: name }),
  };
}

export const answerId = (ask: string): string => `a-${ask}`;

export function metadataOf({ id, state, engine, timings, truncated, suggestions, error }: Turn): DocrelayMetadata {
  return {
    ask: id,
    state,
    ...(engine !== undefined && { engine }),
    ...(timings && { timings }),
    ...(truncated && { truncated }),
    ...(suggestions && { suggestions }),
    ...(error && { error }),
  };
}

export function extractedOf({ files }: Turn): Array<{ type: "data-extracted"; id: string; data: Extracted }> {
  return files.flatMap((file, index) =>
    file.pages === undefined ? [] : [{ type: "data-extracted", id: String(index), data: { ...file, file: index } }],
  );
}

export function sourcesOf({ id, files, citations = [] }: Turn) {
  return citations.map(({ file, page }) => ({
    type: "source-document" as const,
    sourceId: `${id}-${file}-${page}`,
    mediaType: "application/pdf",
    title: `${files[file]?.name ?? ""}, p. ${page}`,
    filename: files[file]?.name ?? "",
  }));
}

const made = new WeakMap<Turn, DocrelayMessage[]>();

/**
 * Returns the turns of a conversation as messages of `useChat`. For a turn that has not changed, it returns the same
 * objects as before.
 */
export function toUIMessages(turns: readonly Turn[]): DocrelayMessage[] {
  return turns.flatMap((turn) => {
    const messages = made.get(turn) ?? messagesOf(turn);
    made.set(turn, messages);
    return messages;
  });
}

function messagesOf(turn: Turn): DocrelayMessage[] {
  const { id, question, files, state, text } = turn;
  const metadata = metadataOf(turn);
  const refs = files.flatMap(({ upload, name }) => (upload === undefined ? [] : [fileRef({ upload, name })]));
  const asked: DocrelayMessage = { id, role: "user", metadata, parts: [...refs, { type: "text", text: question }] };
  if (!text && state !== "completed") return [asked];
  const parts: DocrelayMessage["parts"] = [
    ...extractedOf(turn),
    { type: "step-start" },
    { type: "text", text, state: isOver(turn) ? "done" : "streaming" },
    ...sourcesOf(turn),
  ];
  return [asked, { id: answerId(id), role: "assistant", metadata, parts }];
}
