import {
  checkFileName,
  checkMessage,
  jsonShape,
  parsePayload,
  PAYLOAD_DEPTH,
  plainFrameSchema,
  Refusal,
  refuse,
  type PlainFile,
  type WireError,
} from "@docrelay/protocol";

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

/** The shape is checked before the text is parsed: both the depth and the number of parts cost the parser memory. */
function parseShallow(text: Buffer): unknown {
  const shape = jsonShape(text, BOUNDS);
  if (shape === "deep") throw refuse("BAD_MESSAGE", { reason: "depth", message: "The message is nested too deeply." });
  if (shape === "many") throw refuse("BAD_MESSAGE", { reason: "schema", message: "The message has too many parts." });
  try {
    return JSON.parse(text.toString("utf8"));
  } catch {
    throw refuse("BAD_MESSAGE", { reason: "json", message: "The message is not JSON." });
  }
}

const BOUNDS = {
  depth: PAYLOAD_DEPTH + 1,
  /**
   * Far more than a valid frame has. A parsed text may take many times its own size, and a thread that reaches its
   * memory limit inside the parser ends the whole process.
   */
  parts: 10_000,
};

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

const DATA_URL = /^data:[^,]{0,256};base64,/i;

/** Accepts the standard alphabet with full padding only: Node skips other characters, which would corrupt the file. */
function decodeBase64(content: string, index: number, most: number): Uint8Array<ArrayBuffer> {
  const base64 = content.slice(DATA_URL.exec(content.slice(0, 300))?.[0].length ?? 0);
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  const size = (base64.length / 4) * 3 - padding;
  if (size > most) {
    const message = `The file has about ${Math.floor(size)} bytes; ${most} are allowed.`;
    throw refuse("PAYLOAD_TOO_LARGE", { reason: "file", file: index, message });
  }
  const corrupt = refuse("FILE_CORRUPT", { file: index });
  if (base64.length % 4 !== 0 || base64.includes("-") || base64.includes("_")) throw corrupt;
  const bytes = Buffer.from(base64, "base64");
  // Node has skipped each character that is not base64, so that the result is shorter.
  if (bytes.length !== size) throw corrupt;
  return own(bytes);
}

/**
 * The same bytes in a buffer of their own: small buffers share Node's pool, which cannot be transferred to a thread.
 */
export function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const whole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
  return whole ? new Uint8Array(buffer) : new Uint8Array(bytes);
}
