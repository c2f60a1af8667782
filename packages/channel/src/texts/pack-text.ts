import { promisify } from "node:util";
import { zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from "node:zlib";
import { ChannelError } from "../channel-error.ts";

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** A shorter text fits into a packet or two without compression. */
const WORTH_BYTES = 4096;
/** More than any text may have. */
const MAX_BYTES = 512 * 1024 * 1024;
/**
 * Smaller inputs take less than a millisecond, which is less CPU than handing them to another thread. A text that repeats
 * itself may grow from these bytes to a few MB, which takes some milliseconds.
 */
const AT_ONCE_BYTES = { compress: 262_144, decompress: 65_536 };
/** Page separator in the stored text: cannot occur in a page, since extraction takes control characters out. */
const PAGE_BREAK = "\f";
const BREAK_BYTE = 0x0c;

/** Fields of a hash that hold a text, one of the two: as it is, or compressed. */
export const PACKED_FIELDS = ["text", "zstd"] as const;

/** The pages of a text as field and value of a hash; compressed when that makes it smaller. */
export async function packPages(pages: readonly string[]): Promise<[(typeof PACKED_FIELDS)[number], string | Buffer]> {
  const chars = pages.reduce((sum, page) => sum + page.length, 0);
  if (chars < WORTH_BYTES) return ["text", pages.join(PAGE_BREAK)];
  const plain = joined(pages);
  const packed = plain.length < AT_ONCE_BYTES.compress ? zstdCompressSync(plain) : await compress(plain);
  return packed.length < plain.length ? ["zstd", packed] : ["text", plain];
}

/**
 * The pages of {@link PACKED_FIELDS}' values, in their order; one empty page when there is none. @throws ChannelError
 * `wrong-answer` for bytes that are no compressed text.
 */
export async function unpackPages([plain, packed]: ReadonlyArray<Buffer | null | undefined>): Promise<string[]> {
  if (!packed) return split(plain ?? Buffer.alloc(0));
  const limit = { maxOutputLength: MAX_BYTES };
  const isSmall = packed.length < AT_ONCE_BYTES.decompress;
  try {
    return split(isSmall ? zstdDecompressSync(packed, limit) : await decompress(packed, limit));
  } catch (cause) {
    throw new ChannelError("wrong-answer", "a stored text cannot be read", { cause });
  }
}

/*
 * Page by page: a string of more than 128 KiB is an allocation of its own, which costs more than writing it.
 */

function joined(pages: readonly string[]): Buffer {
  const bytes = Buffer.allocUnsafe(pages.reduce((sum, page) => sum + Buffer.byteLength(page) + 1, -1));
  let at = 0;
  for (const [index, page] of pages.entries()) {
    if (index > 0) bytes[at++] = BREAK_BYTE;
    at += bytes.write(page, at);
  }
  return bytes;
}

function split(bytes: Buffer): string[] {
  const pages: string[] = [];
  for (let from = 0; ;) {
    const end = bytes.indexOf(BREAK_BYTE, from);
    pages.push(bytes.toString("utf8", from, end < 0 ? bytes.length : end));
    if (end < 0) return pages;
    from = end + 1;
  }
}
