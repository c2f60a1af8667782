import * as z from "zod/mini";

const count = z.int().check(z.positive());

/** Limits of one ask, sent in `welcome`. Fields with `Chars` count UTF-16 code units. */
export const limitsSchema = z.object({
  messageChars: count,
  inlineFileBytes: count,
  fileBytes: count,
  filesPerAsk: count,
  chunkBytes: count,
  pagesPerFile: count,
  asksInFlight: count,
});
export type Limits = z.infer<typeof limitsSchema>;

/** The defaults of the settings behind {@link Limits}. */
export const DEFAULT_LIMITS: Limits = {
  messageChars: 32_000,
  inlineFileBytes: 1_048_576,
  fileBytes: 26_214_400,
  filesPerAsk: 8,
  chunkBytes: 65_536,
  pagesPerFile: 2000,
  asksInFlight: 4,
};

/** The reply to an open has at most this many events … */
export const OPEN_MAX_EVENTS = 512;
/** … or this many bytes of them, whichever comes first (always at least one event). */
export const OPEN_MAX_BYTES = 524_288;
/** A client keeps at most this many chunks of one upload unacknowledged. */
export const CHUNKS_IN_FLIGHT = 4;
/** Longest file name, in UTF-16 code units. */
export const FILE_NAME_CHARS = 255;
/** Longest token, in bytes: longer ones are refused before they are verified. */
export const TOKEN_BYTES = 8192;
/** Deepest nesting of a payload: `ask.files[0].name` has depth 3. */
export const PAYLOAD_DEPTH = 8;
