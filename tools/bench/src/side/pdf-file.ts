import { makePdf } from "@docrelay/testkit";
import { randomBytes, randomUUID } from "node:crypto";

/**
 * A PDF of one page and about this many bytes. Each call gives other bytes, because equal files would be stored and
 * extracted once.
 */
export function heavyPdf(bytes: number): Uint8Array {
  const ballast = Math.max(0, bytes - 1024);
  return makePdf({ pages: [`heavy ${randomUUID()}`], ballast: randomBytes(ballast) });
}

const LINES = 50;

/** A PDF with this many full pages of text. Each call gives other bytes. */
export function longPdf(pages: number): Uint8Array {
  const id = randomUUID();
  const line = "The quick brown fox jumps over the lazy dog, and the relay carries every word of it to its reader.";
  const page = (number: number): string => `page ${number} of ${id}\n${`${line}\n`.repeat(LINES)}`;
  return makePdf({ pages: Array.from({ length: pages }, (_, index) => page(index + 1)) });
}
