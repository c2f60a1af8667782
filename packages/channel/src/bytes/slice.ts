/** Of a blob's bytes, those from `from` up to `to`. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** The part of `chunks` that lies in `range`. Chunks before it are read, those after it are not. */
export async function* slice(chunks: AsyncIterable<Uint8Array>, { from, to }: Range): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of chunks) {
    const part = chunk.subarray(Math.max(0, from - at), Math.max(0, to - at));
    if (part.length > 0) yield part;
    at += chunk.length;
    if (at >= to) return;
  }
}
