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

/** What a frame may hold: characters, bytes and files, as the settings say. */
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

/** `uniqueId` as the client sent it: null and absent are two things. */
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
 * Reads one text frame of an old front end; `text` is valid UTF-8. Never throws for what a client sent: what does not
 * fit is `refused`, with the client's own id where the frame had one.
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
   * Far more than any frame has. A parsed text may take many times its own size, and a thread's memory limit does not hold
   * inside of the parser: reaching it there ends the process.
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

/** Standard alphabet, whole padding, nothing between: what Node would skip over is a file that did not arrive whole. */
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
  // Every character that is none of base64 was skipped and makes it shorter.
  if (bytes.length !== size) throw corrupt;
  return own(bytes);
}

/** The same bytes in a buffer that nobody shares: small ones come from Node's pool, which cannot be handed over. */
export function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const whole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
  return whole ? new Uint8Array(buffer) : new Uint8Array(bytes);
}
