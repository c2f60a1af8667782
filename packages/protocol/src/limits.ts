import * as z from "zod/mini";

const count = z.int().check(z.positive());

/** The limits of one ask, sent in `welcome`. Fields with `Chars` count UTF-16 code units. */
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

/** The reply to `conversation:open` has at most this many events. */
export const OPEN_MAX_EVENTS = 512;
/** The reply to `conversation:open` has at most this many bytes of events, but always at least one event. */
export const OPEN_MAX_BYTES = 524_288;
/** How many chunks of one upload a client may send before they are acknowledged. */
export const CHUNKS_IN_FLIGHT = 4;
/** The most UTF-16 code units of a file's name. */
export const FILE_NAME_CHARS = 255;
/** The most bytes of a token; a longer one is refused before it is verified. */
export const TOKEN_BYTES = 8192;
/** How deeply a payload may be nested; `ask.files[0].name` has depth 3. */
export const PAYLOAD_DEPTH = 8;
