/** A part of a blob's bytes: from `from` (included) to `to` (not included). */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * Returns the part of `chunks` that lies in `range`. Chunks before the range are read and skipped; those after it are
 * not read.
 */
export async function* slice(chunks: AsyncIterable<Uint8Array>, { from, to }: Range): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of chunks) {
    const part = chunk.subarray(Math.max(0, from - at), Math.max(0, to - at));
    if (part.length > 0) yield part;
    at += chunk.length;
    if (at >= to) return;
  }
}
