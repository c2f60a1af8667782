import { IDLE_UPLOAD_MS, isRef, SWEEP_GRACE_MS } from "./blob-store.ts";
import { SEALED_MORE_BYTES } from "../sealing/sealing.ts";

/** The part of an object's name between the prefix and a blob's ref. The sub-folder of file blobs has the same name. */
export const PLACE = "docrelay-blobs/";
const DIGITS = 12;

/**
 * Returns the name of a chunk's object below the blob's ref. The offset is padded with zeros, so names sort as offsets
 * do.
 */
export const chunkName = (ref: string, offset: number, isSealed: boolean): string =>
  `${PLACE}${ref}/${String(offset).padStart(DIGITS, "0")}${isSealed ? SEALED : ""}`;
/**
 * The suffix of an encrypted chunk's name. With it, a listing tells how many bytes of the file the chunk holds:
 * encryption makes a chunk longer.
 */
const SEALED = ".sealed";
/**
 * Returns the name of an empty object (a mark) with this meaning: keep the blob for `keepMs` ms from the time at which
 * the mark was written.
 */
export const keepName = (ref: string, keepMs: number): string => `${PLACE}${ref}/keep.${Math.round(keepMs)}`;
const NAME = new RegExp(String.raw`^${PLACE}([\w-]{22})/(?:(\d{${DIGITS}})(\.sealed)?|keep\.(-?\d{1,16}))$`);

/** An object of a blob in the bucket: a chunk (`offset` is set), or a mark that keeps the blob (`keepMs` is set). */
export interface BlobObject {
  readonly name: string;
  readonly ref: string;
  readonly offset?: number;
  readonly keepMs?: number;
  readonly isSealed: boolean;
  /** How many bytes of the file the object holds. */
  readonly size: number;
  /** When the object was written, by the server's clock, in ms since the epoch. */
  readonly modified: number;
}

/** One page of a ListObjectsV2 response. Objects that are not docrelay's are left out. */
export interface Page {
  readonly objects: readonly BlobObject[];
  /** The server's token with which the next page of the listing is requested; undefined on the last page. */
  readonly next: string | undefined;
}

/**
 * Parses a page of a listing. No XML parser is needed: names of docrelay's objects contain no character that XML
 * escapes, and objects of other names are left out.
 */
export function parsePage(xml: string, prefix: string): Page {
  const objects = [...xml.matchAll(/<Contents>([\s\S]*?)<\/Contents>/g)].flatMap(([, entry = ""]) => {
    const key = field(entry, "Key");
    const name = key.startsWith(prefix) ? key.slice(prefix.length) : "";
    const [, ref = "", offset, sealed, keepMs] = NAME.exec(name) ?? [];
    if (!isRef(ref)) return [];
    const of = offset === undefined ? { keepMs: Number(keepMs) } : { offset: Number(offset) };
    const isSealed = sealed !== undefined;
    const size = Number(field(entry, "Size")) - (isSealed ? SEALED_MORE_BYTES : 0);
    return [{ name, ref, ...of, isSealed, size, modified: Date.parse(field(entry, "LastModified")) }];
  });
  const isMore = field(xml, "IsTruncated") === "true";
  return { objects, next: isMore ? unescapeXml(field(xml, "NextContinuationToken")) : undefined };
}

function field(xml: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? "";
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
function unescapeXml(text: string): string {
  return text.replaceAll(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, dec?: string, hex?: string, word?: string) => {
    if (word !== undefined) return ENTITIES[word] ?? whole;
    return String.fromCodePoint(dec === undefined ? Number.parseInt(hex ?? "", 16) : Number(dec));
  });
}

/**
 * Chunks of a blob that follow one another without a gap from offset 0, and the offset where they end (`size`).
 * `hasHole`: a later chunk begins after that end, or there is no chunk at all.
 */
export interface Chain {
  readonly chunks: ReadonlyArray<Pick<BlobObject, "name" | "isSealed" | "size"> & { readonly offset: number }>;
  readonly size: number;
  readonly hasHole: boolean;
}

/**
 * Selects the chunks that follow one another from offset 0; a chunk that does not begin where another ends is left out.
 */
export function chainOf(objects: readonly BlobObject[]): Chain {
  const placed = objects.flatMap(({ name, offset, isSealed, size }) =>
    offset === undefined ? [] : [{ name, offset, isSealed, size }],
  );
  const chunks = [];
  let next = 0;
  for (const chunk of placed.toSorted((a, b) => a.offset - b.offset)) {
    if (chunk.offset < next) continue;
    if (chunk.offset > next) return { chunks, size: next, hasHole: true };
    chunks.push(chunk);
    next += chunk.size;
  }
  return { chunks, size: next, hasHole: placed.length === 0 };
}

/**
 * Whether a blob with these objects has expired at `now`, by the server's clock. The newest object decides: a chunk
 * keeps the blob for ten minutes, a mark (see {@link keepName}) for the time in its name. Of marks written in the same
 * second, the one with the longest time counts.
 */
export function isOver(objects: readonly BlobObject[], now: number): boolean {
  let chunk = Number.NEGATIVE_INFINITY;
  let mark = { modified: Number.NEGATIVE_INFINITY, keepMs: 0 };
  for (const { modified, keepMs } of objects) {
    if (keepMs === undefined) chunk = Math.max(chunk, modified);
    else if (modified > mark.modified || (modified === mark.modified && keepMs > mark.keepMs))
      mark = { modified, keepMs };
  }
  // If a blob is renewed while it is being removed, only a mark (see `keepName`) remains, and no chunk. Such a mark keeps
  // the blob as long as a chunk would.
  const hasChunks = Number.isFinite(chunk);
  const until =
    hasChunks && mark.modified >= chunk ? mark.modified + mark.keepMs : Math.max(chunk, mark.modified) + IDLE_UPLOAD_MS;
  return until + SWEEP_GRACE_MS < now;
}
