import { refuse } from "@docrelay/protocol";

const DATA_URL = /^data:[^,]{0,256};base64,/i;

/**
 * Decodes the base64 of an ask's file. `index` is the file's place in the ask, for the refusal; `most` bounds its
 * bytes. A prefix of a `data:` URL is skipped, and so is white space, because MIME breaks base64 into lines. Only the
 * standard alphabet with full padding is accepted: Node would skip other characters, which would corrupt the file.
 * @throws Refusal `PAYLOAD_TOO_LARGE`, `FILE_CORRUPT`
 */
export function decodeBase64(content: string, index: number, most: number): Uint8Array<ArrayBuffer> {
  const given = content.slice(DATA_URL.exec(content.slice(0, 300))?.[0].length ?? 0);
  const base64 = /\s/.test(given) ? given.replace(/\s+/g, "") : given;
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  const size = (base64.length / 4) * 3 - padding;
  if (size > most) {
    const message = `The file has about ${Math.floor(size)} bytes; ${most} are allowed.`;
    throw refuse("PAYLOAD_TOO_LARGE", { reason: "file", file: index, message });
  }
  const corrupt = refuse("FILE_CORRUPT", { file: index });
  if (base64.length % 4 !== 0 || base64.includes("-") || base64.includes("_")) throw corrupt;
  const bytes = Buffer.from(base64, "base64");
  // Node skips characters that are not base64; the result is then shorter than `size`.
  if (bytes.length !== size) throw corrupt;
  return own(bytes);
}

/**
 * Returns bytes that are alone in their buffer, by a copy if needed. Node puts small buffers into one shared pool, and
 * a pool cannot be transferred to a thread.
 */
export function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const whole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
  return whole ? new Uint8Array(buffer) : new Uint8Array(bytes);
}
