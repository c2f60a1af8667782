const BLOCK = 512;

/**
 * Returns the header of a file in a tar archive (POSIX ustar). `name`: ASCII, at most 100 characters; `size` in bytes;
 * `at`: when the file was changed, in ms since the epoch.
 * @throws Error for a name or a size that does not fit into the header
 */
export function tarHeader(name: string, { size, at }: { size: number; at: number }): Buffer {
  if (!/^[\x21-\x7e]{1,100}$/.test(name) || size >= 8 ** 11) throw new Error("no tar header for this file");
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number): string => `${Math.floor(value).toString(8).padStart(digits, "0")}\0`;
  header.write(name, 0);
  header.write(octal(0o600, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  header.write(octal(size, 11), 124);
  header.write(octal(at / 1000, 11), 136);
  header.write(" ".repeat(8), 148); // while the checksum is computed, its own field must be blanks
  header.write("0", 156);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)} `, 148);
  return header;
}

/** Returns the zero bytes that fill up the last block of a file of this size. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

/** The two empty blocks that end a tar archive. */
export const TAR_END = Buffer.alloc(2 * BLOCK);
