import {
  checkFileName,
  checkMessage,
  parsePayload,
  plainFrameSchema,
  Refusal,
  refuse,
  type PlainFile,
  type WireError,
} from "@docrelay/protocol";
import { decodeBase64 } from "../asks/decode-base64.ts";
import { parseShallow } from "../asks/parse-shallow.ts";

/** The limits of a frame's characters, bytes and files, from the settings. */
export interface PlainLimits {
  readonly messageChars: number;
  readonly fileBytes: number;
  readonly filesPerAsk: number;
}

/** A file of a frame, decoded; its bytes have a buffer of their own, so that a thread can hand it over. */
interface DecodedFile {
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** `uniqueId` as the client sent it: null and absent are different values. */
export type DecodedFrame = { readonly uniqueId?: string | null | undefined } & (
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
 * Decodes one text frame of an old front end; `text` is valid UTF-8. Does not throw for any input of a client: an
 * invalid frame is returned as `refused`, with the client's own id if the frame had one.
 */
export function decodePlainFrame(text: Buffer, limits: PlainLimits): DecodedFrame {
  let uniqueId: string | null | undefined;
  try {
    const value = parseShallow(text);
    uniqueId = readUniqueId(value);
    const frame = parsePayload(plainFrameSchema, value);
    const named = [...(frame.file ? [frame.file] : []), ...(frame.files ?? [])];
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

function readUniqueId(value: unknown): string | null | undefined {
  if (value === null || typeof value !== "object" || !Object.hasOwn(value, "unique_id")) return undefined;
  const { unique_id: id } = value as { unique_id: unknown };
  return id === null || (typeof id === "string" && id.length <= UNIQUE_ID_CHARS) ? id : undefined;
}

function decodeFile({ name, type, content }: PlainFile, index: number, limits: PlainLimits): DecodedFile {
  try {
    checkFileName(name);
  } catch (error) {
    throw error instanceof Refusal ? new Refusal({ ...error.wire, file: index }) : error;
  }
  return { name, type: type ?? "", bytes: decodeBase64(content, index, limits.fileBytes) };
}
