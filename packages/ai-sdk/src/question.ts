import type { AskFile } from "@docrelay/client";
import type { FileUIPart, UIMessage } from "ai";
import { UPLOAD } from "./messages.ts";

/** Matches an id that docrelay accepts for an ask. */
const ID = /^[\w-]{1,64}$/;

export const isAskId = (id: string): boolean => ID.test(id);

export function textOf({ parts }: UIMessage): string {
  return parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n");
}

/**
 * Returns the files of a message. The url of a file is a reference to an upload, or a `data:` url with the bytes.
 * @throws Error for other urls
 */
export function filesOf({ parts }: UIMessage): AskFile[] {
  return parts.flatMap((part) => (part.type === "file" ? [fileOf(part)] : []));
}

function fileOf({ url, filename = "file.pdf", mediaType }: FileUIPart): AskFile {
  if (url.startsWith(UPLOAD)) return { upload: url.slice(UPLOAD.length), name: filename };
  const base64 = /^data:[^,]*;base64,(.*)$/s.exec(url)?.[1];
  if (base64 === undefined)
    throw new Error(`docrelay takes files by fileRef(upload) or as base64, not ${url.slice(0, 20)}`);
  return {
    name: filename,
    type: mediaType,
    bytes: Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)),
  };
}
