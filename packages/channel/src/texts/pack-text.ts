import { promisify } from "node:util";
import { zstdCompress, zstdDecompress } from "node:zlib";

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** A shorter text fits into a packet or two without compression. */
const WORTH_BYTES = 4096;
/** More than any text may have. */
const MAX_BYTES = 512 * 1024 * 1024;

/** Fields of a hash that hold a text, one of the two: as it is, or compressed. */
export const PACKED_FIELDS = ["text", "zstd"] as const;

/** A text as field and value of a hash; compressed when that makes it smaller. */
export async function packText(text: string): Promise<[(typeof PACKED_FIELDS)[number], string | Buffer]> {
  if (text.length < WORTH_BYTES) return ["text", text];
  const plain = Buffer.from(text);
  const packed = await compress(plain);
  return packed.length < plain.length ? ["zstd", packed] : ["text", text];
}

/** The text of {@link PACKED_FIELDS}' values, in their order; empty when there is none. */
export async function unpackText([plain, packed]: ReadonlyArray<Buffer | null | undefined>): Promise<string> {
  if (packed) return (await decompress(packed, { maxOutputLength: MAX_BYTES })).toString("utf8");
  return plain?.toString("utf8") ?? "";
}
