import {
  checkMessage,
  cleanFileName,
  givenFile,
  jsonMembers,
  parsePayload,
  plainFrameSchema,
  Refusal,
  refuse,
  type PlainFile,
  type WireError,
} from "@docrelay/protocol";
import { decodeBase64 } from "../asks/decode-base64.ts";
import { parseShallow } from "../asks/parse-shallow.ts";
import type { UniqueId } from "./reply.ts";

/** How many characters the message of a frame may have, how many bytes each file, and how many files the frame. */
export interface PlainLimits {
  readonly messageChars: number;
  readonly fileBytes: number;
  readonly filesPerAsk: number;
}

/** A decoded file of a frame. Its bytes are alone in their buffer, so that a thread can transfer them. */
interface DecodedFile {
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * A decoded frame. `ignored`: the frame's `type` is not `chat`, as for a heartbeat, and the client gets no response.
 */
export type DecodedFrame = { readonly uniqueId?: UniqueId } & (
  | { readonly ignored: true; readonly refused?: undefined }
  | { readonly refused: WireError }
  | {
      readonly refused?: undefined;
      readonly message: string;
      readonly stream: boolean;
      readonly files: readonly DecodedFile[];
    }
);

const UNIQUE_ID_CHARS = 256;

/**
 * Decodes one text frame of a front end of the original system; `text` must be valid UTF-8. It throws for no input: an
 * invalid frame is returned as `refused`, with the frame's `unique_id` if it has one.
 */
export function decodePlainFrame(text: Buffer, limits: PlainLimits): DecodedFrame {
  let uniqueId: UniqueId;
  try {
    const value = parseShallow(text);
    if (isOfOtherType(value)) return { ignored: true };
    uniqueId = readUniqueId(value, text);
    const frame = parsePayload(plainFrameSchema, value);
    const named = [frame.file, ...(frame.files ?? [])].flatMap((file) => givenFile(file) ?? []);
    if (named.length > limits.filesPerAsk) {
      const message = `There are ${named.length} files; ${limits.filesPerAsk} are allowed.`;
      throw refuse("PAYLOAD_TOO_LARGE", { reason: "file", message });
    }
    const message = frame.message ?? "";
    checkMessage(message, limits, named.length > 0);
    const files = named.map((file, index) => decodeFile(file, index, limits));
    return { uniqueId, message, stream: frame.stream ?? false, files };
  } catch (error) {
    if (error instanceof Refusal) return { uniqueId, refused: error.wire };
    throw error;
  }
}

function isOfOtherType(value: unknown): boolean {
  if (value === null || typeof value !== "object") return false;
  const { type } = value as { type?: unknown };
  return typeof type === "string" && type !== "chat";
}

function readUniqueId(value: unknown, text: Buffer): UniqueId {
  if (value === null || typeof value !== "object" || !Object.hasOwn(value, "unique_id")) return undefined;
  const { unique_id: id } = value as { unique_id: unknown };
  if (typeof id === "boolean") return { json: String(id) };
  if (typeof id === "number") {
    // A number is kept as the text that the client sent: if it were parsed, 1.0 would come back as 1, and a long number
    // would lose digits.
    const json = text.toString("utf8");
    const member = jsonMembers(json).findLast(({ key }) => key === "unique_id");
    const digits = member ? json.slice(member.value, member.to).trim() : "";
    return digits.length <= UNIQUE_ID_CHARS ? { json: digits } : undefined;
  }
  return id === null || (typeof id === "string" && id.length <= UNIQUE_ID_CHARS) ? id : undefined;
}

function decodeFile({ name, type, content }: PlainFile, index: number, limits: PlainLimits): DecodedFile {
  let clean: string;
  try {
    clean = cleanFileName(name);
  } catch (error) {
    throw error instanceof Refusal ? new Refusal({ ...error.wire, file: index }) : error;
  }
  return { name: clean, type: type ?? "", bytes: decodeBase64(content, index, limits.fileBytes) };
}
