import { promisify } from "node:util";
import { zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from "node:zlib";
import { ChannelError } from "../channel-error.ts";

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/**
 * A text with fewer UTF-16 units than this is not compressed: even uncompressed, it fits into a few network packets.
 */
const WORTH_BYTES = 4096;
/** The most bytes that a text may have when it is decompressed. No valid text has so many. */
const MAX_BYTES = 512 * 1024 * 1024;
/**
 * Fewer bytes than this are compressed or decompressed on the main thread. That takes about a millisecond, and less CPU
 * time in all than with another thread. A text that repeats itself takes longer, because even so few bytes may
 * decompress to `MAX_TEXT_BYTES`.
 */
const AT_ONCE_BYTES = { compress: 262_144, decompress: 65_536 };
/** The separator of pages in the stored text. No page contains it, because extraction removes control characters. */
const PAGE_BREAK = "\f";
const BREAK_BYTE = 0x0c;

/** The fields of a hash in which a text can be: `text` as it is, or `zstd` compressed. */
export const PACKED_FIELDS = ["text", "zstd"] as const;

/**
 * Returns the pages of a text as a hash field and its value. A text that is not short is compressed if that makes it
 * smaller.
 */
export async function packPages(pages: readonly string[]): Promise<[(typeof PACKED_FIELDS)[number], string | Buffer]> {
  const chars = pages.reduce((sum, page) => sum + page.length, 0);
  if (chars < WORTH_BYTES) return ["text", pages.join(PAGE_BREAK)];
  const plain = joined(pages);
  const packed = plain.length < AT_ONCE_BYTES.compress ? zstdCompressSync(plain) : await compress(plain);
  return packed.length < plain.length ? ["zstd", packed] : ["text", plain];
}

/**
 * Returns the pages from the values of {@link PACKED_FIELDS}, which are in the order of that list; one empty page when
 * there is no value. @throws ChannelError `wrong-answer` for bytes that are not a compressed text.
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
 * Writes page by page: a joined string of more than 128 KiB would be an allocation of its own, which costs more than
 * the writing.
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
